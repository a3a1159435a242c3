/**
 * What the errors of `@napi-rs/keyring` 2.1.2 mean.
 *
 * The library has one error code for everything, so its text is read. The texts are pinned by tests
 * against the exact version on Linux; those of macOS and Windows are taken from the platforms'
 * documentation and were not met on real machines. A text that nobody knows is `unavailable`.
 *
 * @module
 */
import type { Diagnosis } from "../entry/failure.ts"

const NO_COLLECTION: Diagnosis = {
  reason: "unavailable",
  advice: "The credential store has no default collection. Create one and set it as the default.",
}

const TEXTS: ReadonlyArray<readonly [RegExp, Diagnosis | "transient"]> = [
  // Another program removed the item between search and read, or the daemon was started anew.
  [/No such interface .*Secret\.Item|session (wrapping the secret )?does not exist/i, "transient"],
  [/^Entry is matched by \d+ credentials/, { reason: "ambiguous" }],
  [/no result found/, NO_COLLECTION],
  [/prompt was dismissed|object locked|IsLocked|locked (object|collection)/, { reason: "locked" }],
  [/Did not receive a reply|Timeout|timed out/, { reason: "timed-out" }],
  [/interaction is not allowed/i, { reason: "locked" }],
  [/user canceled|user name or passphrase you entered is not correct/i, { reason: "denied" }],
  [/^Couldn't access platform storage/, { reason: "locked" }],
]

/** The text of an error, and nothing else about it. */
export const errorText = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause)

/** Reads the text of a library's error. */
export const diagnose = (cause: unknown): Diagnosis | "transient" => {
  const text = errorText(cause)
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? { reason: "unavailable" }
}
