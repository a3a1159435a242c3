/**
 * A process that works on a database until it is killed, by its parent or by itself at a given step.
 *
 * Arguments: what to do, the directory, the step at which it kills itself (0: never), a number that no
 * other run has. It says `ready` when it begins, `ack N` when batch N is durable, `done` at its end.
 *
 * @module
 */
import { KeyStore, Storage } from "@mdk/core/services"
import { KeyRotation } from "@mdk/keyring-adapters"
import {
  backupDatabase,
  compactDatabase,
  encryptDatabase,
  layer,
  rekeyDatabase,
  restoreDatabase,
  withStoredKey,
} from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { writeSync } from "node:fs"
import process from "node:process"
import { fileKeyStore } from "./file_key_store.ts"
import { batchOf, declare, KEY_NAME, lastBatch } from "./life.ts"
import { placesIn } from "./places.ts"

const [action = "", directory = "", killAt = "0", run = "0"] = process.argv.slice(2)
const places = placesIn(directory)
const say = (line: string) => writeSync(1, `${line}\n`)

let steps = 0
function onStep(): void {
  steps += 1
  if (steps === Number(killAt)) process.kill(process.pid, "SIGKILL")
}

const store = fileKeyStore(places.keys, onStep)
const provided = Layer.succeed(KeyStore, store)
const path = places.database
const options = { path, onProgress: onStep }

const write = (batches: number) =>
  Storage.use((storage) =>
    Effect.gen(function* () {
      yield* declare(storage)
      const last = yield* lastBatch(storage)
      for (let number = last + 1; number <= last + batches; number++) {
        yield* storage.commit(batchOf(number, Number(run)))
        say(`ack ${number}`)
        onStep()
        yield* Effect.yieldNow
      }
    })
  ).pipe(Effect.provide(layer({ path, ...KEY_NAME })))

const migrate = Storage.use((storage) =>
  Effect.gen(function* () {
    for (let extra = 1; extra <= 12; extra++) {
      yield* declare(storage, extra)
      onStep()
      yield* Effect.yieldNow
    }
  })
).pipe(Effect.provide(layer({ path, ...KEY_NAME })))

const rotate = KeyRotation.rotate(
  store,
  KEY_NAME,
  Redacted.make(crypto.getRandomValues(new Uint8Array(32))),
  ({ current, next }) => Effect.asVoid(rekeyDatabase({ ...options, current, next })),
)

const actions: Readonly<Record<string, Effect.Effect<unknown, unknown, KeyStore>>> = {
  create: write(3),
  write: write(400),
  migrate,
  encrypt: encryptDatabase({ ...options, ...KEY_NAME }),
  rotate,
  backup: withStoredKey(
    { path, ...KEY_NAME },
    (key) => backupDatabase({ ...options, key, to: places.backup(run) }),
  ),
  compact: withStoredKey({ path, ...KEY_NAME }, (key) => compactDatabase({ ...options, key })),
  restore: withStoredKey(
    { path, ...KEY_NAME },
    (key) =>
      restoreDatabase({ ...options, key, from: places.backup("kept"), replaceExisting: true }),
  ),
}

say("ready")
await Effect.runPromise(
  (actions[action] ?? Effect.die("unknown action")).pipe(Effect.provide(provided)),
)
say("done")
