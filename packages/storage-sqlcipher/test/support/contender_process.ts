import { Storage } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import process from "node:process"
import { layerOf } from "./open.ts"

// Tries to open the database, says what came of it, and stays.
const say = (text: string) => Effect.sync(() => process.stdout.write(`${text}\n`))
await Effect.runPromise(
  Storage.use(() => Effect.andThen(say("opened"), Effect.sleep("10 minutes"))).pipe(
    Effect.provide(layerOf(process.argv[2] ?? "")),
    Effect.catchTag("StorageError", (error) => say(error.reason)),
    Effect.andThen(Effect.sleep("10 minutes")),
  ),
)
