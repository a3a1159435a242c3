/**
 * Takes a key out of its store for safekeeping, and puts it back.
 *
 * @module
 */
import type { CreatedKey, KeyName, KeyStoreError, KeyStoreService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { decodeEntry, encodeEntry } from "../entry/entry_format.ts"
import { failure } from "../entry/failure.ts"
import { redact } from "../entry/stored_key.ts"
import { acquireKey, wipe } from "../entry/acquire_key.ts"

/** Said by the caller, so that no key leaves its store by accident. */
export interface ExportConsent {
  /** Whoever has the exported text and the database files reads everything. */
  readonly revealKey: true
}

/**
 * Exports a key as the text of its entry, `mdk-sqlite-key-v1:` and base64, in ASCII bytes that the
 * caller zeroes.
 *
 * Fails with `missing` when there is no such key.
 */
export const exportKey: (
  store: KeyStoreService,
  name: KeyName,
  consent: ExportConsent,
) => Effect.Effect<Redacted.Redacted<Uint8Array>, KeyStoreError> = Effect.fn("KeyStore.exportKey")(
  function* (store, name, consent) {
    if (consent.revealKey !== true) return yield* failure("get", "denied")
    return yield* Effect.scoped(Effect.gen(function* () {
      const key = yield* acquireKey(store.get(name))
      if (Option.isNone(key)) return yield* failure("get", "missing")
      return Redacted.make(encodeEntry(Redacted.value(key.value)))
    }))
  },
)

/**
 * Puts an exported key into a store, where none is under that name.
 *
 * Answers what {@link KeyStoreService.createIfAbsent} does: an existing key is never replaced. Fails
 * with `invalid-key` when the text is not an exported key.
 *
 * @param exported the text's bytes, which stay the caller's; white space around it is ignored
 */
export const importKey: (
  store: KeyStoreService,
  name: KeyName,
  exported: Redacted.Redacted<Uint8Array>,
) => Effect.Effect<CreatedKey, KeyStoreError> = Effect.fn("KeyStore.importKey")(
  function* (store, name, exported) {
    const text = trim(Redacted.value(exported))
    // Raw bytes are not accepted: thirty-two characters of anything would be a key.
    const key = text.length === 32 ? undefined : decodeEntry(text)
    if (key === undefined) return yield* failure("create", "invalid-key")
    const hidden = redact(key)
    return yield* Effect.ensuring(store.createIfAbsent(name, hidden), wipe(hidden))
  },
)

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d

/** A view without the white space at both ends. */
const trim = (bytes: Uint8Array): Uint8Array => {
  let [start, end] = [0, bytes.length]
  while (start < end && isSpace(bytes[start])) start++
  while (end > start && isSpace(bytes[end - 1])) end--
  return bytes.subarray(start, end)
}
