/**
 * Wraps all keys of a folder under another passphrase.
 *
 * @module
 */
import type { KeyStoreError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { failure } from "../entry/failure.ts"
import type { PassphraseSource } from "../passphrase/source.ts"
import { allKeys, type FoundKey, tryOpen, type VaultSettings, writeKey } from "./folder_vault.ts"
import { openSettings, type WrappedFileOptions } from "./wrapped_file_store.ts"

/** The folder and both passphrases. */
export interface PassphraseChange extends Pick<WrappedFileOptions, "directory" | "argon2"> {
  /** The passphrase that opens the keys now. */
  readonly current: PassphraseSource
  /** The passphrase from now on; the same one again only renews parameters, salts and nonces. */
  readonly next: PassphraseSource
}

/** A key that moves, or that an interrupted change already moved. */
interface OpenedKey extends FoundKey {
  readonly key: Uint8Array
}

const hold = (passphrase: ReturnType<PassphraseSource>) =>
  Effect.acquireRelease(
    passphrase,
    (bytes) => Effect.sync(() => Redacted.value(bytes).fill(0)),
    { interruptible: true },
  )

const openAll = (
  keys: ReadonlyArray<FoundKey>,
  current: Redacted.Redacted<Uint8Array>,
  next: Redacted.Redacted<Uint8Array>,
) =>
  Effect.gen(function* () {
    const opened: Array<OpenedKey> = []
    for (const found of keys) {
      const key = (yield* tryOpen("replace", found.wrapped, current)) ??
        (yield* tryOpen("replace", found.wrapped, next))
      if (key === undefined) {
        opened.forEach((entry) => entry.key.fill(0))
        return yield* failure("replace", "wrong-passphrase")
      }
      opened.push({ ...found, key })
    }
    return opened
  })

/** The change over a prepared folder. Internal: it does not check the parameters' strength. */
export const changeOver = (
  settings: VaultSettings,
  change: Pick<PassphraseChange, "current" | "next">,
): Effect.Effect<number, KeyStoreError> =>
  Effect.scoped(Effect.gen(function* () {
    const keys = yield* allKeys(settings.folder, "replace")
    if (keys.length === 0) return yield* failure("replace", "missing")
    const current = yield* hold(change.current("existing"))
    const next = yield* hold(change.next("new"))
    const opened = yield* Effect.acquireRelease(
      openAll(keys, current, next),
      (all) => Effect.sync(() => all.forEach((entry) => entry.key.fill(0))),
    )
    for (const { key, ...found } of opened) {
      const won = yield* writeKey(settings, "replace", found.wrapped.name, found, key, next)
      if (!won) return yield* failure("replace", "conflict")
    }
    return opened.length
  }))

/**
 * Changes the passphrase of all keys in the folder and answers how many there are.
 *
 * Nothing is written unless every key could be opened. Each file is replaced as a whole; a change that
 * was interrupted is finished by repeating it with the same two passphrases. Layers that are open keep
 * the old passphrase and ask again when it fails.
 *
 * Fails with `missing` when the folder holds no key, `wrong-passphrase` when a key opens with neither,
 * `conflict` when another process changed a key meanwhile: repeat it then.
 */
export const changePassphrase: (
  change: PassphraseChange,
) => Effect.Effect<number, KeyStoreError> = Effect.fn("WrappedFile.changePassphrase")(
  function* (change) {
    return yield* changeOver(yield* openSettings(change), change)
  },
)
