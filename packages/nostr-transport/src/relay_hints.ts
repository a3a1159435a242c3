/**
 * What relays say about their limits (NIP-11). Hints: a relay that says nothing, or lies, is used all
 * the same.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { isRecord } from "./event_shape.ts"

/** Limits that a relay told. */
export interface RelayHint {
  /** Largest message in bytes that it takes. */
  readonly maxMessageBytes?: number
  /** Most stored events with which it answers one filter. */
  readonly maxLimit?: number
}

/** Gets the document of a relay as JSON text; rejects when there is none. */
export type InformationSource = (url: string, signal: AbortSignal) => Promise<string>

const maxDocumentBytes = 65_536
const patienceMillis = 3000
const lifeMillis = 86_400_000

/** Over HTTP at the relay's own address, without following redirects, 64 KB at most. */
export const httpInformation: InformationSource = async (url, signal) => {
  const response = await fetch(url.replace(/^ws/, "http"), {
    headers: { Accept: "application/nostr+json" },
    redirect: "error",
    signal,
  })
  const parts: Array<Uint8Array> = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    // Leaving the loop cancels the body.
    if (!response.ok || size > maxDocumentBytes) throw new Error("no document")
    parts.push(part)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(whole)
}

/** Reads a document; what is missing or implausible is left out. */
export function readRelayHint(document: string): RelayHint {
  let value: unknown
  try {
    value = JSON.parse(document)
  } catch {
    return {}
  }
  const limitation = isRecord(value) ? value["limitation"] : undefined
  if (!isRecord(limitation)) return {}
  const { max_message_length, max_limit } = limitation
  return {
    ...(isPlausible(max_message_length, 1024) ? { maxMessageBytes: max_message_length } : {}),
    ...(isPlausible(max_limit, 1) ? { maxLimit: max_limit } : {}),
  }
}

const isPlausible = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least

/** Hints by address, for a day. */
export class RelayHints {
  readonly #source: InformationSource | undefined
  readonly #known: Map<string, { readonly hint: RelayHint; readonly until: number }> = new Map()

  /** @param source absent: nothing is asked and nothing known */
  constructor(source: InformationSource | undefined) {
    this.#source = source
  }

  /** What is known about a relay. */
  of(address: string): RelayHint {
    return this.#known.get(address)?.hint ?? {}
  }

  /** Asks the relay, unless that was done within a day. Never fails. */
  learn(address: string): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const source = this.#source
      const now = yield* Clock.currentTimeMillis
      if (source === undefined || (this.#known.get(address)?.until ?? 0) > now) return
      const document = yield* Effect.tryPromise((signal) => source(address, signal)).pipe(
        Effect.timeout(patienceMillis),
        Effect.catch(() => Effect.succeed("")),
      )
      this.#known.set(address, { hint: readRelayHint(document), until: now + lifeMillis })
    })
  }
}
