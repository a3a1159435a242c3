/**
 * One question at one relay: more than can wait, more than a relay gives at once.
 *
 * @module
 */
import assert from "node:assert/strict"
import type { Filter, Incoming } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { test } from "node:test"
import { AnswerExtent } from "../src/answer_extent.ts"
import { hasOwnSignature } from "../src/mod.ts"
import { FeedInbox } from "../src/feed_inbox.ts"
import { RecentMap } from "../src/recent_map.ts"
import { EmbeddedRelay, type EmbeddedRelayOptions } from "../src/relay/mod.ts"
import { makeRelayConnection } from "../src/relay_connection.ts"
import { runRelayFeed } from "../src/relay_feed.ts"
import { transportSettings } from "../src/transport_options.ts"
import { VerifiedEvents } from "../src/verified_events.ts"
import { now, signed, testKey } from "./relay_client.ts"
import { groupFilter, patient, shortTimes } from "./transport_bench.ts"

const key = testKey()
const start = now()
const message = (age: number) =>
  signed(key, { kind: 445, tags: [["h", "g"]], created_at: start - age })

/** Runs a feed with a small inbox until everything stored was given. */
async function feed(
  relay: EmbeddedRelay,
  filter: Filter,
  maxEvents: number,
  slowly = false,
): Promise<ReadonlyArray<string>> {
  const { connection: limits } = transportSettings({ relays: [], ...shortTimes })
  const ids: Array<string> = []
  let names = 0
  await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const connection = yield* makeRelayConnection({
      url: relay.url,
      identity: undefined,
      limits,
      openSocket: (url) => new WebSocket(url),
      onState: () => undefined,
      beside: Effect.void,
    })
    const done = yield* Effect.callback<void, never>((resume) => {
      Effect.runFork(runRelayFeed({
        relay: relay.url,
        connection,
        newName: () => `n${++names}`,
        filters: [filter],
        overlapSeconds: 0,
        verified: new VerifiedEvents(hasOwnSignature, 1000),
        given: new RecentMap(10_000),
        inbox: { maxEvents, maxLength: 10_000_000 },
        timing: limits,
        pageSize: () => 50,
        pageMillis: 5000,
        emit: (incoming: Incoming) =>
          Effect.gen(function* () {
            if (incoming._tag === "Event") ids.push(incoming.event.id)
            if (incoming._tag === "Stored") resume(Effect.void)
            if (slowly) yield* Effect.sleep(1)
          }),
      }))
    })
    return done
  })))
  return ids
}

async function withEvents(
  count: number,
  options: EmbeddedRelayOptions,
  body: (relay: EmbeddedRelay, ids: ReadonlyArray<string>) => Promise<void>,
): Promise<void> {
  const relay = await new EmbeddedRelay(options).start()
  const events = Array.from({ length: count }, (_, i) => message(i >> 1))
  for (const event of events) relay.seed(event)
  try {
    await body(relay, events.map((event) => event.id))
  } finally {
    await relay.stop({ reset: true })
  }
}

for (const slowly of [false, true]) {
  test(
    `more than can wait is asked for in portions${slowly ? ", by a slow reader" : ""}`,
    patient,
    () =>
      withEvents(400, {}, async (relay, ids) => {
        const questions: Array<string> = []
        relay.setFaults({
          incoming: (_, wire) => {
            if (wire[0] === "REQ") questions.push(JSON.stringify(wire[2]))
            return [wire]
          },
        })
        const given = await feed(relay, groupFilter, 40, slowly)
        assert.deepEqual([...given].sort(), [...ids].sort())
        const [first = "", ...later] = questions
        assert.doesNotMatch(first, /limit/)
        assert.ok(later.length > 0)
        for (const question of later) assert.match(question, /"limit":[12]0\b/)
      }),
  )
}

test(
  "a limit of the asker is kept, over pages too",
  patient,
  () =>
    withEvents(300, { limits: { maxLimit: 60 } }, async (relay, ids) => {
      const given = await feed(relay, { ...groupFilter, limit: 150 }, 1000)
      assert.ok(given.length >= 150 && given.length < 170, `${given.length} events`)
      for (const id of ids.slice(0, 148)) assert.ok(given.includes(id))
    }),
)

test("an inbox throws events away beyond its bounds and says so, once", async () => {
  const inbox = new FeedInbox("n", () => [], { maxEvents: 3, maxLength: 100 })
  const event = message(0)
  for (let i = 0; i < 5; i++) inbox.onEvent(event, 10)
  inbox.onStored()
  const types = (await Effect.runPromise(inbox.take)).map((item) => item.type)
  assert.deepEqual(types, ["event", "event", "event", "overrun"])
  inbox.onDisconnected()
  assert.deepEqual(await Effect.runPromise(inbox.take), [{ type: "disconnected" }])
  const narrow = new FeedInbox("n", () => [], { maxEvents: 100, maxLength: 100 })
  for (let i = 0; i < 3; i++) narrow.onEvent(event, 40)
  assert.deepEqual((await Effect.runPromise(narrow.take)).map((item) => item.type), [
    "event",
    "event",
    "overrun",
  ])
})

test("a few live events dated back do not move the boundary below the stored ones", () => {
  const event = message(0)
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1000, max: 2000 }), { minLength: 10, maxLength: 80 }),
    fc.array(fc.tuple(fc.nat(79), fc.integer({ min: 0, max: 999 })), { maxLength: 4 }),
    (stored, live) => {
      const times = [...stored].sort((a, b) => b - a)
      for (const [at, time] of live) times.splice(at, 0, time)
      const extent = new AnswerExtent()
      times.forEach((created_at, i) => extent.note({ ...event, id: `${i}`, created_at }))
      assert.equal(extent.count, times.length)
      assert.ok(extent.boundary >= Math.min(...stored))
      assert.equal(extent.boundary, [...times].sort((a, b) => a - b)[4])
    },
  ))
  assert.equal(new AnswerExtent().boundary, Infinity)
})
