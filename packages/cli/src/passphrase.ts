/**
 * Where the passphrase of the wrapped keys comes from: a file that was named, or the terminal.
 *
 * @module
 */
import { Passphrase } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import process from "node:process"
import { CliError } from "./cli_error.ts"
import type { KeyStoreKind } from "./home.ts"
import { askHidden, readSecretLine } from "./secret_input.ts"

const ask = (question: string): Promise<string> =>
  Effect.runPromise(Effect.map(askHidden(question), Redacted.value))

/**
 * The source for the options of a command.
 *
 * A file is read at once, so that a wrong name is told before anything else happens. Without one and
 * without a terminal it fails with `no-terminal`. A new passphrase is asked for twice; two different
 * answers count as declined.
 */
const passphraseSource = (
  file: string | undefined,
): Effect.Effect<Passphrase.PassphraseSource, CliError> =>
  Effect.gen(function* () {
    if (file !== undefined) {
      const line = yield* readSecretLine(file)
      return Passphrase.fromCallback(() => Promise.resolve(Redacted.value(line)))
    }
    if (!process.stdin.isTTY) {
      return yield* new CliError({
        reason: "no-terminal",
        advice: "the passphrase cannot be asked for without a terminal; use --passphrase-file",
      })
    }
    return Passphrase.fromCallback(async (purpose) => {
      if (purpose === "existing") return await ask("Passphrase")
      const first = await ask("New passphrase")
      return first === await ask("The same again") ? first : undefined
    })
  })

/** The source for a key store; one without passphrases never asks. */
export const passphraseFor = (
  keyStore: KeyStoreKind,
  file: string | undefined,
): Effect.Effect<Passphrase.PassphraseSource, CliError> =>
  keyStore === "wrapped-file"
    ? passphraseSource(file)
    : Effect.succeed(() => Effect.die("this key store has no passphrase"))
