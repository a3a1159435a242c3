/**
 * What the program keeps about its account: the secret key and the relays, in the application's own
 * collection inside the encrypted database. Nothing of it is ever written anywhere else.
 *
 * @module
 */
import { encodeHex } from "@mdk/core/codec"
import { Secret } from "@mdk/core/crypto"
import {
  type Batch,
  type Collection,
  Storage,
  type StorageError,
  systemEntropy,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CliError } from "./cli_error.ts"

const COLLECTION: Collection = { name: "mdk_cli", kind: "keyed", columns: {}, indexes: {} }
const SECRET_KEY = "secret-key"
const RELAYS = "relays"

/** The account as it is stored. */
export interface AccountRecord {
  /** 32 bytes, owned by the reader, who wipes them. */
  readonly secretKey: Secret
  /** Addresses of the account's relays. */
  readonly relays: ReadonlyArray<string>
}

const newBatch = (verbs: Batch["verbs"]): Batch => ({
  id: encodeHex(systemEntropy.bytes(16)),
  verbs,
})

const encodeRelays = (relays: ReadonlyArray<string>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(relays))

const exists = (): CliError =>
  new CliError({ reason: "account-exists", advice: "there is an account here already" })

/** Reads the account; `no-account` when the database holds none. */
export const readAccount: Effect.Effect<AccountRecord, CliError | StorageError, Storage> = Effect
  .gen(function* () {
    const storage = yield* Storage
    yield* storage.declare([COLLECTION])
    const key = yield* storage.get(COLLECTION.name, SECRET_KEY)
    const relays = yield* storage.get(COLLECTION.name, RELAYS)
    if (Option.isNone(key) || Option.isNone(relays)) {
      return yield* new CliError({
        reason: "no-account",
        advice: "there is no account here yet; make one with: mdk account create",
      })
    }
    return {
      secretKey: Secret.take(key.value.value),
      relays: JSON.parse(new TextDecoder().decode(relays.value.value)),
    }
  })

/** Stores a new account in one batch; `account-exists` when there is one. */
export const enrolAccount = (
  account: AccountRecord,
): Effect.Effect<void, CliError | StorageError, Storage> =>
  Effect.gen(function* () {
    const storage = yield* Storage
    yield* storage.declare([COLLECTION])
    yield* storage.commit(newBatch([
      { verb: "expect", collection: COLLECTION.name, key: SECRET_KEY, is: "absent" },
      {
        verb: "put",
        collection: COLLECTION.name,
        key: SECRET_KEY,
        value: account.secretKey.bytes.slice(),
      },
      {
        verb: "put",
        collection: COLLECTION.name,
        key: RELAYS,
        value: encodeRelays(account.relays),
      },
    ])).pipe(Effect.mapError((error) => error.reason === "conflict" ? exists() : error))
  })

/** Replaces the account's relays. */
export const saveRelays = (
  relays: ReadonlyArray<string>,
): Effect.Effect<void, StorageError, Storage> =>
  Effect.gen(function* () {
    const storage = yield* Storage
    yield* storage.declare([COLLECTION])
    yield* storage.commit(newBatch([
      { verb: "put", collection: COLLECTION.name, key: RELAYS, value: encodeRelays(relays) },
    ]))
  })
