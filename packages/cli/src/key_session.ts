/**
 * What the commands that work on the database file or its key do first: find the home, read its
 * settings, open its key store.
 *
 * @module
 */
import { decodeHex } from "@mdk/core/codec"
import { KeyStore, type KeyStoreError, type KeyStoreService } from "@mdk/core/services"
import { ExplicitKey } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { CliError } from "./cli_error.ts"
import { type DatabaseKeyName, keyStoreLayer } from "./composition.ts"
import { type Home, type KeyStoreKind, readSettings, type Settings } from "./home.ts"
import { passphraseFor } from "./passphrase.ts"
import { readSecretLine } from "./secret_input.ts"
import { type GlobalOptions, homeOf, SERVICE_ID } from "./session.ts"
import { makeTerminal, type Terminal } from "./terminal.ts"

/** A home whose key store is open. */
export interface KeySession {
  readonly home: Home
  readonly settings: Settings
  /** Names the database key. */
  readonly name: DatabaseKeyName
  readonly store: KeyStoreService
  readonly terminal: Terminal
}

/** Opens a key store of a home until the scope ends. */
export const openKeyStore = (
  options: GlobalOptions,
  home: Home,
  keyStore: KeyStoreKind,
): Effect.Effect<KeyStoreService, CliError | KeyStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const passphrase = yield* passphraseFor(keyStore, options.passphraseFile)
    return yield* KeyStore.pipe(
      Effect.provide(keyStoreLayer({ home, keyStore, passphrase })),
    )
  })

/** Runs a command with the key store of the home. */
export const withKeys = <A, E>(
  options: GlobalOptions,
  use: (session: KeySession) => Effect.Effect<A, E, KeyStore | Scope.Scope>,
): Effect.Effect<A, E | CliError | KeyStoreError> =>
  Effect.scoped(Effect.gen(function* () {
    const home = homeOf(options)
    const settings = yield* readSettings(home)
    const passphrase = yield* passphraseFor(settings.keyStore, options.passphraseFile)
    const name = { serviceId: SERVICE_ID, keyId: settings.keyId }
    const terminal = makeTerminal(options.json === true)
    return yield* Effect.flatMap(
      KeyStore,
      (store) => use({ home, settings, name, store, terminal }),
    ).pipe(
      Effect.provide(keyStoreLayer({ home, keyStore: settings.keyStore, passphrase })),
    )
  }))

/**
 * A key from a file with an exported key, or with 64 hex characters; `-` is standard input. It is
 * zeroed when the scope ends.
 */
export const keyFromFile = (
  path: string,
): Effect.Effect<Redacted.Redacted<Uint8Array>, CliError | KeyStoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const line = yield* readSecretLine(path)
    const text = Redacted.value(line).trim()
    const name = { serviceId: SERVICE_ID, keyId: "from-file" }
    const given = /^[0-9a-f]{64}$/i.test(text) ? decodeHex(text.toLowerCase()) : text
    const store = yield* ExplicitKey.make({ name, key: Redacted.make(given) }).pipe(
      Effect.ensuring(Effect.sync(() => {
        if (typeof given !== "string") given.fill(0)
      })),
    )
    const key = yield* store.get(name)
    if (Option.isNone(key)) {
      return yield* new CliError({ reason: "unreadable-file", advice: "the file holds no key" })
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => Redacted.value(key.value).fill(0)))
    return key.value
  })
