import type { Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import process from "node:process"
import { open } from "./open.ts"

// Opens the database named by the first argument, writes so many rows, says so, and stays.
const [path = "", rows = "0"] = process.argv.slice(2)
await open(path, (storage) =>
  Effect.gen(function* () {
    yield* storage.declare([
      { name: "rows", kind: "keyed", columns: { at: "integer" }, indexes: { by_at: ["at"] } },
    ])
    for (let at = 0; at < Number(rows); at++) {
      const verb: Verb = {
        verb: "put",
        collection: "rows",
        key: `k${at}`,
        columns: { at },
        value: new Uint8Array(500).fill(at),
      }
      yield* storage.commit({ id: at.toString(16).padStart(32, "0"), verbs: [verb] })
    }
    process.stdout.write("written\n")
    yield* Effect.sleep("10 minutes")
  }))
