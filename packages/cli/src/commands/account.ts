/**
 * `mdk account`: make an account, bring one along, show it.
 *
 * @module
 */
import { type MdkService, PublicKey } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import type { Secret } from "@mdk/core/crypto"
import { type KeyFormatError, parseSecretKey } from "@mdk/core/identity"
import { systemEntropy } from "@mdk/core/services"
import { Command, Option } from "commander"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { CliError } from "../cli_error.ts"
import {
  type Home,
  KEY_STORE_KINDS,
  type KeyStoreKind,
  prepareHome,
  readSettings,
  writeSettings,
} from "../home.ts"
import { passphraseFor } from "../passphrase.ts"
import { readRelays } from "../selection.ts"
import { askHidden, readSecretLine } from "../secret_input.ts"
import { catchUp, type GlobalOptions, homeOf, withAccount } from "../session.ts"
import type { Terminal } from "../terminal.ts"
import { addReopen } from "./account_reopen.ts"
import { optionsOf, type Register } from "./command_line.ts"

interface CreateOptions {
  readonly keyStore: KeyStoreKind
}

interface ImportOptions extends CreateOptions {
  readonly nsecFile?: string
  readonly nsecPassphraseFile?: string
}

/** Shows who this is. */
const show = (mdk: MdkService, terminal: Terminal) =>
  Effect.gen(function* () {
    const relays = yield* mdk.account.relays
    const { publicKey } = mdk.account
    terminal.line(PublicKey.npub(publicKey))
    for (const relay of relays) terminal.line(`  relay ${relay}`)
    terminal.value({ publicKey, npub: PublicKey.npub(publicKey), relays })
  })

/** A secret key that nobody had before. */
const freshSecretKey = (): Secret => {
  for (;;) {
    const bytes = systemEntropy.bytes(32)
    try {
      return parseSecretKey(encodeHex(bytes))
    } catch {
      // Outside the curve's order: once in 2^128.
    } finally {
      bytes.fill(0)
    }
  }
}

const malformed = (error: unknown): CliError =>
  new CliError({
    reason: "malformed-secret-key",
    advice: error instanceof Error && "reason" in error && error.reason === "public-key"
      ? "that is a public key; the secret one begins with nsec1"
      : error instanceof Error && "reason" in error && error.reason === "wrong-passphrase"
      ? "the passphrase does not open this ncryptsec"
      : "that is not a secret key; give nsec1..., ncryptsec1... or 64 hex characters",
    cause: Redacted.make(error),
  })

const secretKeyFrom = (
  text: Redacted.Redacted<string>,
  passphrase?: Redacted.Redacted<string>,
): Effect.Effect<Secret, CliError | KeyFormatError> =>
  Effect.try({
    try: () =>
      parseSecretKey(
        Redacted.value(text),
        passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) },
      ),
    catch: malformed,
  })

/** Reads the secret key from where the options say; an `ncryptsec` asks for its passphrase. */
const givenSecretKey = (options: ImportOptions) =>
  Effect.gen(function* () {
    const text = options.nsecFile === undefined
      ? yield* askHidden("Secret key (nsec1...)")
      : yield* readSecretLine(options.nsecFile)
    if (!/^\s*ncryptsec1/i.test(Redacted.value(text))) return yield* secretKeyFrom(text)
    const passphrase = options.nsecPassphraseFile === undefined
      ? yield* askHidden("Passphrase of the ncryptsec")
      : yield* readSecretLine(options.nsecPassphraseFile)
    return yield* secretKeyFrom(text, passphrase)
  })

/** Writes the settings of a new home; one that was begun before must be of the same kind. */
const settle = (home: Home, keyStore: KeyStoreKind) =>
  Effect.gen(function* () {
    const begun = yield* Effect.option(readSettings(home))
    if (begun._tag === "None") {
      const keyId = `mdk.db.key.${encodeHex(systemEntropy.bytes(8))}`
      return yield* writeSettings(home, { version: 1, keyStore, keyId })
    }
    if (begun.value.keyStore !== keyStore) {
      return yield* new CliError({
        reason: "account-exists",
        advice: `this home was begun with --key-store ${begun.value.keyStore}`,
      })
    }
  })

/** Makes the home and the account in it, publishes its KeyPackage and shows it. */
const create = (options: CreateOptions & GlobalOptions, secretKey: Secret) =>
  Effect.gen(function* () {
    const relays = yield* readRelays(options.relay ?? [])
    if (relays.length === 0) {
      return yield* new CliError({
        reason: "usage",
        advice: "an account needs a relay: --relay wss://... (for trials: mdk relay)",
      })
    }
    const passphrase = yield* passphraseFor(options.keyStore, options.passphraseFile)
    const home = homeOf(options)
    yield* prepareHome(home)
    yield* settle(home, options.keyStore)
    yield* withAccount(
      options,
      { enrol: { secretKey, relays }, passphrase },
      (session) =>
        Effect.gen(function* () {
          yield* show(session.mdk, session.terminal)
          yield* catchUp(session)
        }),
    )
  })

const keyStoreOption = () =>
  new Option("--key-store <kind>", "where the database key is kept")
    .choices([...KEY_STORE_KINDS]).default("wrapped-file")

/** Defines `mdk account`. */
export const registerAccount: Register = (program, run) => {
  const account = new Command("account").description("make, bring along and show your account")

  account.command("create")
    .description("make an account with a new secret key")
    .addOption(keyStoreOption())
    .addHelpText(
      "after",
      `
The secret key is made here and kept inside the encrypted database. The
database key is kept in a file that a passphrase opens, or with
--key-store native in the platform's credential store.

  mdk account create --relay wss://relay.example`,
    )
    .action((_, command: Command) => {
      const options = optionsOf<CreateOptions>(command)
      return run(options, Effect.suspend(() => create(options, freshSecretKey())))
    })

  account.command("import")
    .description("bring a secret key along (nsec, ncryptsec or hex)")
    .addOption(keyStoreOption())
    .option("--nsec-file <file>", "read it from a file, - is standard input; else it is asked for")
    .option("--nsec-passphrase-file <file>", "passphrase of an ncryptsec; else it is asked for")
    .addHelpText(
      "after",
      `
A secret key is never an argument: every process on the machine could see it.

  mdk account import --relay wss://relay.example
  mdk account import --relay wss://relay.example --nsec-file - < nsec.txt`,
    )
    .action((_, command: Command) => {
      const options = optionsOf<ImportOptions>(command)
      return run(
        options,
        Effect.flatMap(givenSecretKey(options), (secretKey) => create(options, secretKey)),
      )
    })

  account.command("show")
    .description("show the public key and the relays")
    .action((_, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, { offline: true }, ({ mdk, terminal }) => show(mdk, terminal)),
      )
    })

  account.command("rotate")
    .description("publish a fresh KeyPackage")
    .action((_, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, {}, ({ mdk, terminal }) =>
          Effect.gen(function* () {
            const relays = yield* mdk.account.rotateKeyPackages
            terminal.line(`published on ${relays} ${relays === 1 ? "relay" : "relays"}`)
            terminal.value({ relays })
          })),
      )
    })

  addReopen(account, run)
  program.addCommand(account)
}
