import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { layer } from "@mdk/storage-memory"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Event, EventKey } from "../../src/api/mod.ts"
import { encodeHex } from "../../src/codec/mod.ts"
import { COLLECTIONS } from "../../src/group/mod.ts"
import { Storage, systemEntropy, type Verb } from "../../src/services/mod.ts"
import { makeBells } from "../../src/shell/bells.ts"
import { consume } from "../../src/shell/consumer.ts"
import { makeEventLog } from "../../src/shell/event_log.ts"
import { toServiceError } from "../../src/shell/failure.ts"
import { makeKeyedLock } from "../../src/shell/keyed_lock.ts"

const DAY = 24 * 3600 * 1000

describe("the event log", () => {
  it("gives up what is a month old, and tells a consumer that was away", async () => {
    const program = Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.declare(COLLECTIONS)
      const bells = makeBells()
      const log = yield* makeEventLog(storage, bells)
      const write = (verbs: ReadonlyArray<Verb>) =>
        Effect.mapError(
          storage.commit({ id: encodeHex(systemEntropy.bytes(16)), verbs }),
          toServiceError,
        )
      const record = (n: number) =>
        ({ tag: "invited", key: `invite:${n}`, invite: `${n}` }) as const
      for (const [n, at] of [[1, 0], [2, DAY], [3, 40 * DAY], [4, 41 * DAY]] as const) {
        yield* write([log.append(record(n), at)])
      }
      assert.deepEqual(yield* log.prune(DAY), [])
      const seen: Array<string> = []
      const support = {
        storage,
        write,
        log,
        bells,
        lock: makeKeyedLock(),
        materialize: (one: { readonly key: string }) =>
          Effect.succeed(Option.some<Event>({
            key: one.key as EventKey,
            _tag: "GroupChanged",
            what: [],
          })),
      }
      const run = Effect.gen(function* () {
        const take = (event: Event) =>
          Effect.sync(() => seen.push(event._tag === "Gap" ? "gap" : event.key))
        const fiber = yield* Effect.forkChild(consume(support, "c", take, { from: "first" }))
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(fiber)
      })
      yield* write(yield* log.prune(45 * DAY))
      assert.deepEqual((yield* log.after(0, 10)).map(({ seq }) => seq), [3, 4])
      yield* run
      yield* run
      assert.deepEqual(seen, ["gap", "invite:3", "invite:4"])
    })
    await Effect.runPromise(Effect.provide(program, layer))
  })
})
