import type { Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import process from "node:process"
import { open } from "./open.ts"

// Commits batches while the system fails some synchronizations; repeats a batch until it is settled.
const answer = await open(process.argv[2] ?? "", (storage) =>
  Effect.gen(function* () {
    yield* storage.declare([{ name: "rows", kind: "keyed", columns: {}, indexes: {} }])
    const failures: Array<string> = []
    const batches = 60
    for (let at = 0; at < batches; at++) {
      const verbs = Array.from({ length: 3 }, (_, row): Verb => ({
        verb: "put",
        collection: "rows",
        key: `${at}-${row}`,
        value: new Uint8Array(500),
      }))
      const commit = storage.commit({ id: at.toString(16).padStart(32, "0"), verbs })
      for (let attempt = 0; attempt < 10; attempt++) {
        const outcome = yield* Effect.result(commit)
        if (outcome._tag === "Success") break
        failures.push(outcome.failure.reason)
      }
    }
    const rows = yield* storage.count("rows", { index: "key" }, 1000)
    return { failures, rows, batches }
  }))
process.stdout.write(JSON.stringify(answer))
