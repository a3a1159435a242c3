/**
 * Who plays in the demo, and what the demo itself does with their keys.
 *
 * @module
 */
import { PublicKey } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { parseSecretKey, publicKeyOf } from "@mdk/core/identity"
import { KeyStore, type KeyStoreError, systemEntropy } from "@mdk/core/services"
import { Passphrase } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"
import { CliError } from "../cli_error.ts"
import { keyStoreLayer } from "../composition.ts"
import type { KeyStoreKind } from "../home.ts"
import { SERVICE_ID } from "../session.ts"
import type { Opening } from "./member_protocol.ts"

/** A member: its keys, and how its account is opened. */
export interface Member {
  /** `alice` and so on; the database is named after it. */
  readonly name: string
  /** The account. */
  readonly publicKey: PublicKey
  /** The account's secret key, hex. */
  readonly secretKey: string
  /** Where its database and its keys are. */
  readonly opening: Opening
}

/** Invents a member whose files lie in the demo's folder. */
export const newMember = (
  name: string,
  options: { readonly folder: string; readonly keyStore: KeyStoreKind },
  run: string,
  passphrase: string,
  relays: ReadonlyArray<string>,
): Member => {
  const secret = parseSecretKey(encodeHex(systemEntropy.bytes(32)))
  return {
    name,
    publicKey: PublicKey.parse(publicKeyOf(secret)),
    secretKey: encodeHex(secret.bytes),
    opening: {
      database: join(options.folder, `${name}.db`),
      keys: join(options.folder, "keys", name),
      keyStore: options.keyStore,
      keyId: `mdk.demo.${run}.${name}`,
      passphrase,
      relays,
    },
  }
}

/** The key store of a member, for the demo's own looks and for cleaning up. */
const keysOf = ({ opening }: Member) =>
  keyStoreLayer({
    home: { folder: "", database: opening.database, keys: opening.keys },
    keyStore: opening.keyStore,
    passphrase: Passphrase.fromCallback(() => Promise.resolve(opening.passphrase)),
    randomPassphrase: true,
  })

/** The key of a member's database, hex, as its key store holds it. */
export const databaseKey = (member: Member): Effect.Effect<string, KeyStoreError | CliError> =>
  Effect.gen(function* () {
    const store = yield* KeyStore
    const found = yield* store.get({ serviceId: SERVICE_ID, keyId: member.opening.keyId })
    if (Option.isNone(found)) {
      return yield* new CliError({ reason: "demo-failed", advice: "a database key is missing" })
    }
    const bytes = Redacted.value(found.value)
    const hex = encodeHex(bytes)
    bytes.fill(0)
    return hex
  }).pipe(Effect.provide(keysOf(member)))

/** Deletes a member's database key. */
export const forgetKey = (member: Member): Effect.Effect<void> =>
  Effect.flatMap(
    KeyStore,
    (store) => store.delete({ serviceId: SERVICE_ID, keyId: member.opening.keyId }),
  ).pipe(Effect.provide(keysOf(member)), Effect.ignore)
