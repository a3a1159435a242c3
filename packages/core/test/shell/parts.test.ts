import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { decodeRecord, encodeRecord } from "../../src/group/mod.ts"
import { makeBells } from "../../src/shell/bells.ts"
import { makeKeyedLock } from "../../src/shell/keyed_lock.ts"
import { remaining, tally } from "../../src/shell/outbox_record.ts"
import { makePositions } from "../../src/shell/positions.ts"
import { makeSyncState } from "../../src/shell/sync_state.ts"
import { VerbList } from "../../src/shell/verb_list.ts"

const row = (key: string, byte: number) =>
  ({ verb: "put", collection: "c", key, value: new Uint8Array([byte]) }) as const

describe("parts of the shell", () => {
  it("positions only grow, whatever the clock does", () => {
    const positions = makePositions(5_000_000_000_000)
    const all = [1000, 5, 9e12, 1, 9e12].map((now) => positions.next(now))
    assert.deepEqual(all, all.toSorted((a, b) => a - b))
    assert.equal(new Set(all).size, all.length)
    assert.ok(all.every(Number.isSafeInteger))
  })

  it("a list of verbs keeps the last write of a row, in its place", () => {
    const list = new VerbList()
    list.add([row("a", 1), row("b", 1)])
    list.add([{ verb: "deleteRange", collection: "c", index: "key" }, row("a", 2)])
    list.add([{ verb: "delete", collection: "c", key: "b" }])
    assert.deepEqual(list.verbs.map((verb) => [verb.verb, "key" in verb ? verb.key : ""]), [
      ["deleteRange", ""],
      ["put", "a"],
      ["delete", "b"],
    ])
  })

  it("a keyed lock is serial within a key and parallel across keys", async () => {
    const lock = makeKeyedLock()
    const log: Array<string> = []
    const work = (key: string, name: string) =>
      lock.withKey(key)(Effect.gen(function* () {
        log.push(`${name} begins`)
        yield* Effect.sleep(5)
        log.push(`${name} ends`)
      }))
    await Effect.runPromise(
      Effect.all([work("k", "1"), work("k", "2"), work("other", "3")], {
        concurrency: "unbounded",
      }),
    )
    assert.ok(log.indexOf("1 ends") < log.indexOf("2 begins"))
    assert.ok(log.indexOf("3 begins") < log.indexOf("1 ends"))
  })

  it("a bell taken before the reading misses nothing", async () => {
    const bells = makeBells()
    let value = 0
    const read = Effect.sync(() => {
      const seen = value
      // A change falls between reading and waiting.
      if (value < 3) {
        value++
        bells.ring("k")
      }
      return seen
    })
    const seen = await Effect.runPromise(Stream.runCollect(bells.watch("k", {
      read,
      show: String,
      isLast: (now) => now === 3,
    })))
    assert.deepEqual(seen, [0, 1, 2, 3])
  })

  it("ringing all wakes every waiter", async () => {
    const bells = makeBells()
    const program = Effect.gen(function* () {
      const a = yield* Effect.forkChild(bells.take("a"), { startImmediately: true })
      const b = yield* Effect.forkChild(bells.take("b"), { startImmediately: true })
      bells.ringAll()
      yield* Fiber.join(a)
      yield* Fiber.join(b)
    })
    await Effect.runPromise(program)
  })

  it("answers of relays are counted, and the rest is asked again", () => {
    const relays = { a: "accepted", b: "rejected", c: "unanswered", d: "untried" } as const
    assert.deepEqual(tally(relays), { accepted: 1, rejected: 1, unanswered: 1, of: 4 })
    assert.deepEqual(remaining(relays), ["c", "d"])
  })

  it("catching up ends when all that can answer has answered", () => {
    const sync = makeSyncState(makeBells())
    sync.setPlanned()
    sync.setMaintained()
    assert.ok(sync.isCaughtUp())
    sync.begin("f", ["a", "b"])
    assert.ok(!sync.isSettled())
    sync.set("f", "a", "stored")
    assert.ok(!sync.isSettled())
    sync.set("f", "b", "interrupted")
    assert.deepEqual([sync.isSettled(), sync.isCaughtUp()], [true, false])
    assert.deepEqual(sync.tally(), { accepted: 1, rejected: 1, unanswered: 0, of: 2 })
    sync.set("f", "b", "stored")
    assert.ok(sync.isCaughtUp())
    sync.setStale()
    assert.ok(!sync.isCaughtUp())
  })

  it("a record of a newer version, or a broken one, is told apart", () => {
    const record = { a: 1, b: "ü" }
    assert.deepEqual(decodeRecord(encodeRecord(record)), record)
    const bytes = encodeRecord(record)
    bytes[0] = 2
    assert.throws(() => decodeRecord(bytes), { reason: "newer" })
    assert.throws(() => decodeRecord(new Uint8Array([1, 123])), { reason: "damaged" })
    assert.throws(() => decodeRecord(new Uint8Array()), { reason: "damaged" })
  })
})
