/**
 * Stores that hold text and answer null while they are closed: keytar and Bun.
 *
 * @module
 */
import type { KeyName } from "@mdk/core/services"
import { makeCallQueue } from "./call_queue.ts"
import type { EntryPort } from "./entry_port.ts"
import type { Diagnosis } from "./failure.ts"

/** A library that knows only text. */
export interface TextLibrary {
  /** The text, null when there is none or the store is closed. */
  readonly read: (name: KeyName) => Promise<string | null>
  /** Stores or replaces the text. */
  readonly write: (name: KeyName, text: string) => Promise<void>
  /** False when there was none or the store is closed. */
  readonly remove: (name: KeyName) => Promise<boolean>
  /** The names of a service's entries; may leave out those of a closed store. */
  readonly list: EntryPort["list"]
}

const TEXTS: ReadonlyArray<readonly [RegExp, Diagnosis]> = [
  [/locked collection|object locked|IsLocked|dismissed/i, { reason: "locked" }],
  [/Object does not exist at path/, {
    reason: "unavailable",
    advice: "The credential store has no default collection. Create one and set it as the default.",
  }],
  // libsecret holds on to the daemon that it met first, for as long as the process lives.
  [/The name :\d+\.\d+ was not provided|session wrapping the secret does not exist/, {
    reason: "unavailable",
    advice: "The credential store was restarted. Start this program anew.",
  }],
  [/Timeout was reached|timed out|did not receive a reply/i, { reason: "timed-out" }],
  [/user canceled|interaction is not allowed|access (is )?denied/i, { reason: "denied" }],
]

/** Reads the text of a library's error; a text that nobody knows is `unavailable`. */
export const diagnoseText = (cause: unknown): Diagnosis => {
  const text = cause instanceof Error ? cause.message : String(cause)
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? { reason: "unavailable" }
}

/** Both libraries are libsecret below. */
const queue = makeCallQueue()

/**
 * Makes the port. The texts that go through the library cannot be zeroed.
 *
 * @param library the calls
 * @param backend stable name, recorded beside the database
 */
export const makeTextPort = (library: TextLibrary, backend: string): EntryPort => ({
  backend,
  scope: "",
  absence: "may-be-closed",
  queue,
  read: async (name) => {
    const text = await library.read(name)
    return text === null ? null : new TextEncoder().encode(text)
  },
  // Entries are ASCII: the key's text or the probe.
  write: (name, entry) => library.write(name, new TextDecoder().decode(entry)),
  remove: library.remove,
  list: library.list,
  diagnose: diagnoseText,
})
