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
import { consume, release } from "../../src/shell/consumer.ts"
import { makeEventLog } from "../../src/shell/event_log.ts"
import { toServiceError } from "../../src/shell/failure.ts"
import { makeKeyedLock } from "../../src/shell/keyed_lock.ts"
import { parkedEvents } from "../../src/shell/parked_events.ts"

const DAY = 24 * 3600 * 1000

describe("a gap whose handler fails", () => {
  it("is parked, and handled once it is released", async () => {
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
      for (const [n, at] of [[1, 0], [2, 40 * DAY]] as const) {
        yield* write([log.append({ tag: "invited", key: `invite:${n}`, invite: `${n}` }, at)])
      }
      yield* write(yield* log.prune(45 * DAY))
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
      let broken = true
      const seen: Array<string> = []
      const take = (event: Event) =>
        Effect.suspend(() => {
          if (broken && event._tag === "Gap") return Effect.fail("no")
          return Effect.sync(() => seen.push(event.key))
        })
      const run = Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(
          consume(support, "c", take, { from: "first", attempts: 1 }),
        )
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(fiber)
      })
      yield* run
      assert.deepEqual(seen, ["invite:2"])
      const [gap, ...more] = yield* parkedEvents(support, "c")
      assert.ok(gap?._tag === "Gap" && more.length === 0)
      assert.equal(gap.since.getTime(), 45 * DAY)
      broken = false
      yield* release(support, "c", gap.key)
      yield* run
      assert.deepEqual(seen, ["invite:2", gap.key])
      assert.deepEqual(yield* parkedEvents(support, "c"), [])
    })
    await Effect.runPromise(Effect.provide(program, layer))
  })
})
