/**
 * What every command that works on an account does first and last: find the home, open the account,
 * hand it over, close it.
 *
 * @module
 */
import { Mdk, type MdkService, type RelayUrl, ServiceError, type SyncReport } from "@mdk/core"
import type { KeyStoreError, StorageError } from "@mdk/core/services"
import type { Passphrase } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import type { AccountRecord } from "./account_record.ts"
import { CliError } from "./cli_error.ts"
import { accountLayer, type OpenFailure } from "./composition.ts"
import { defaultHome, type Home, homeAt, readSettings, type Settings } from "./home.ts"
import { passphraseFor } from "./passphrase.ts"
import { readRelays } from "./selection.ts"
import type { Storage } from "@mdk/core/services"
import { makeTerminal, type Terminal, withProgress } from "./terminal.ts"

/** Names the program in key stores. */
export const SERVICE_ID = "mdk-cli"

/** Options that every command takes. */
export interface GlobalOptions {
  /** The home folder. */
  readonly home?: string
  /** Results as JSON. */
  readonly json?: boolean
  /** File with the passphrase of the wrapped keys. */
  readonly passphraseFile?: string
  /** Relays for this time. */
  readonly relay?: ReadonlyArray<string>
}

/** An open account. */
export interface Session {
  /** The account. */
  readonly mdk: MdkService
  /** Where results go. */
  readonly terminal: Terminal
}

/** How an account is opened. */
export interface SessionOptions {
  /** Stored first, for a new account. */
  readonly enrol?: AccountRecord
  /** Join whatever one is invited to. */
  readonly acceptAll?: boolean
  /** No sockets. */
  readonly offline?: boolean
  /** Asked before a restored or copied database is opened with its groups closed; else it is refused. */
  readonly closeRestored?: Effect.Effect<void, CliError>
  /** Opens the wrapped keys; by default what the options and the terminal give. */
  readonly passphrase?: Passphrase.PassphraseSource
}

/** The home that the options name. */
export const homeOf = (options: GlobalOptions): Home => homeAt(options.home ?? defaultHome())

const noDatabase = () =>
  new CliError({
    reason: "no-account",
    advice: "there is no account here yet; make one with: mdk account create",
  })

/**
 * Opens the account of the home, runs a command with it and closes it again.
 *
 * A database is created only for a new account; without one it fails with `no-account`.
 */
export const withAccount = <E>(
  options: GlobalOptions,
  how: SessionOptions,
  use: (session: Session) => Effect.Effect<unknown, E, Storage>,
): Effect.Effect<void, E | OpenFailure | CliError | StorageError | KeyStoreError> =>
  Effect.gen(function* () {
    const home = homeOf(options)
    const settings: Settings = yield* readSettings(home)
    if (how.enrol === undefined && !existsSync(home.database)) return yield* noDatabase()
    const terminal = makeTerminal(options.json === true)
    const relays: ReadonlyArray<RelayUrl> | undefined = options.relay === undefined
      ? undefined
      : yield* readRelays(options.relay)
    const layer = accountLayer({
      home,
      keyStore: settings.keyStore,
      keyName: { serviceId: SERVICE_ID, keyId: settings.keyId },
      ...(relays === undefined || how.enrol !== undefined ? {} : { relays }),
      passphrase: yield* passphraseFor(settings.keyStore, options.passphraseFile),
      ...how,
    })
    yield* Effect.flatMap(Mdk, (mdk) => use({ mdk, terminal })).pipe(
      Effect.provide(layer),
      Effect.scoped,
    )
  })

/**
 * Hears what the relays have; fails with `no-relay` when not one of them answered.
 *
 * @param seconds how long at most
 */
export const catchUp = (
  { mdk, terminal }: Session,
  seconds = 10,
): Effect.Effect<SyncReport, ServiceError> =>
  mdk.sync({ timeout: seconds * 1000 }).pipe(
    withProgress(terminal, "asking the relays"),
    Effect.filterOrFail(
      (report) => report.relays.accepted > 0,
      () => new ServiceError({ reason: "no-relay" }),
    ),
  )

/** Waits until a relay acknowledged; `not-delivered` when none did in time. */
export const untilPublished = <A, E>(
  terminal: Terminal,
  published: Effect.Effect<A, E>,
  seconds: number,
): Effect.Effect<A, E | CliError> =>
  Effect.timeoutOrElse(withProgress(terminal, "waiting for a relay")(published), {
    duration: seconds * 1000,
    orElse: () =>
      Effect.fail(
        new CliError({
          reason: "not-delivered",
          advice: "no relay acknowledged it in time; it is stored and goes out at the next start",
        }),
      ),
  })
