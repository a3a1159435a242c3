/**
 * Prints the passphrase that it finds at descriptor 3.
 *
 * @module
 */
import { Passphrase } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import process from "node:process"

const passphrase = await Effect.runPromise(Passphrase.fromDescriptor(3)("existing"))
process.stdout.write(Redacted.value(passphrase))
