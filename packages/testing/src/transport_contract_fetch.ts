/**
 * The transport contract: questions about stored events, and connection states.
 *
 * @module
 */
import assert from "node:assert/strict"
import type { NostrEvent, RelayState } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import {
  type ContractTest,
  eventually,
  newAuthor,
  nowSeconds,
} from "./transport_contract_subject.ts"

const newestFirst = (events: ReadonlyArray<NostrEvent>): ReadonlyArray<string> =>
  [...events].sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
    .map((event) => event.id)

/** Registers the tests of `fetch` and `states`. */
export function transportFetchContract(test: ContractTest): void {
  const author = newAuthor()
  const message = (group: string, age: number): NostrEvent =>
    author.sign({ tags: [["h", group]], created_at: nowSeconds() - age })

  test("fetch: each event once, newest first, from all relays", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a, b] = subject.relays
      const events = [1, 2, 2, 3, 9].map((age) => message("g", age))
      events.forEach((event, i) => {
        if (i !== 4) subject.control(a).plant(event)
        if (i !== 0) subject.control(b).plant(event)
      })
      subject.control(a).plant(message("other", 1))
      subject.control(a).plant({ ...message("g", 1), content: "forged" })
      const filters = [{ kinds: [445], tags: { h: ["g"] } }]
      const got = yield* transport.fetch({ relays: [a, b], filters })
      assert.deepEqual(got.events.map((event) => event.id), newestFirst(events))
      assert.deepEqual([...got.complete].sort(), [a, b].sort())
      assert.deepEqual(got.partial, [])
      const limited = yield* transport.fetch({
        relays: [b],
        filters: [{ ...filters[0], limit: 2 }],
      })
      assert.deepEqual(
        limited.events.map((event) => event.id),
        newestFirst(events.slice(1)).slice(0, 2),
      )
      const none = yield* transport.fetch({ relays: [a], filters: [{ kinds: [7] }] })
      assert.deepEqual(none, { events: [], complete: [a], partial: [] })
    }))

  test("fetch: relays that cannot answer are partial, in time", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a, b] = subject.relays
      const event = message("g", 1)
      subject.control(a).plant(event)
      subject.control(b).silence(true)
      const relays = [subject.unreachable, "ftp://no.relay", b, a]
      const got = yield* transport.fetch({
        relays,
        filters: [{ authors: [author.publicKey], kinds: [445] }],
        timeoutMillis: 700,
      })
      assert.deepEqual(got.events, [event])
      assert.deepEqual(got.complete, [a])
      assert.deepEqual([...got.partial].sort(), relays.slice(0, 3).sort())
      const error = yield* Effect.flip(transport.fetch({ relays: [], filters: [{}] }))
      assert.deepEqual([error.operation, error.reason], ["fetch", "no-relay"])
    }))

  test("fetch: a guarded question needs an identity", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const recipient = newAuthor()
      const wrap = author.sign({ kind: 1059, tags: [["p", recipient.publicKey]] })
      subject.control(a).plant(wrap)
      const filters = [{ kinds: [1059], tags: { p: [recipient.publicKey] } }]
      const refused = yield* transport.fetch({ relays: [a], filters })
      assert.deepEqual(refused, { events: [], complete: [], partial: [a] })
      const given = yield* transport.fetch({ relays: [a], filters, identity: recipient })
      assert.deepEqual(given, { events: [wrap], complete: [a], partial: [] })
    }))

  test("states: the current ones first, then the changes", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const seen: Array<RelayState | undefined> = []
      yield* transport.states.pipe(
        Stream.runForEach((states) => Effect.sync(() => void seen.push(states.get(a)))),
        Effect.forkScoped,
      )
      yield* Effect.forkScoped(Stream.runDrain(
        transport.subscribe({ relays: [a], filters: [{ kinds: [445] }], overlapSeconds: 0 }),
      ))
      yield* eventually("live", () => seen.includes("live"))
      yield* Effect.promise(() => subject.control(a).cut())
      yield* eventually("down", () => seen.includes("down"))
      yield* Effect.promise(() => subject.control(a).restore())
      yield* eventually("live again", () => seen.lastIndexOf("live") > seen.indexOf("down"))
      const [now] = yield* Stream.runCollect(transport.states.pipe(Stream.take(1)))
      assert.equal(now?.get(a), "live")
    }))
}
