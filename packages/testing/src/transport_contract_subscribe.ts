/**
 * The transport contract: subscriptions.
 *
 * @module
 */
import assert from "node:assert/strict"
import type { NostrEvent, TransportService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import {
  type ContractTest,
  eventually,
  listen,
  newAuthor,
  nowSeconds,
} from "./transport_contract_subject.ts"

const send = (
  transport: TransportService,
  event: NostrEvent,
  relays: ReadonlyArray<string>,
): Effect.Effect<void, unknown> => Stream.runDrain(transport.publish(event, relays))

const inGroup = (name: string) => ({ kinds: [445], tags: { h: [name] } })

/** Registers the tests of subscriptions. */
export function transportSubscribeContract(test: ContractTest): void {
  const author = newAuthor()
  const message = (group: string, created_at = nowSeconds()): NostrEvent =>
    author.sign({ tags: [["h", group]], created_at })

  test("stored events, then Stored, then live ones; nothing that was not asked for", (subject) =>
    Effect.gen(function* () {
      const reader = yield* subject.open
      const writer = yield* subject.open
      const [a] = subject.relays
      const [first, second] = [message("g", nowSeconds() - 5), message("g", nowSeconds() - 4)]
      for (const event of [first, second, message("other")]) yield* send(writer, event, [a])
      const got = yield* listen(reader, {
        relays: [a],
        filters: [inGroup("g")],
        overlapSeconds: 60,
      })
      yield* eventually("Stored", () => got.storedCount() === 1)
      assert.deepEqual([...got.ids()].sort(), [first.id, second.id].sort())
      assert.deepEqual(got.all.at(-1), { _tag: "Stored", relay: a })
      const live = message("g")
      yield* send(writer, message("other"), [a])
      yield* send(writer, live, [a])
      yield* eventually("the live event", () => got.ids().length === 3)
      assert.deepEqual(got.all.at(-1), { _tag: "Event", relay: a, event: live })
    }))

  test("an empty list of relays ends at once", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const question = { relays: [], filters: [inGroup("g")], overlapSeconds: 0 }
      assert.deepEqual(yield* Stream.runCollect(transport.subscribe(question)), [])
    }))

  test("one relay's trouble does not stop the others", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const relays = [subject.unreachable, "https://no.relay", a]
      const got = yield* listen(transport, { relays, filters: [inGroup("g")], overlapSeconds: 60 })
      const event = message("g")
      yield* eventually("Stored", () => got.storedCount() === 1)
      yield* send(transport, event, [a])
      yield* eventually("the event", () => got.ids().includes(event.id))
      const down = { _tag: "Interrupted", relay: relays[0], reason: "disconnected" }
      yield* eventually(
        "the interruption",
        () => got.all.some((one) => JSON.stringify(one) === JSON.stringify(down)),
      )
      const refused = { _tag: "Interrupted", relay: relays[1], reason: "refused" }
      assert.ok(got.all.some((one) => JSON.stringify(one) === JSON.stringify(refused)))
    }))

  test("after an outage it asks again, as far back as the overlap", (subject) =>
    Effect.gen(function* () {
      const reader = yield* subject.open
      const [a] = subject.relays
      const relay = subject.control(a)
      const seen = message("g")
      relay.plant(seen)
      const got = yield* listen(reader, {
        relays: [a],
        filters: [{ ...inGroup("g"), limit: 1 }],
        overlapSeconds: 7200,
      })
      yield* eventually("Stored", () => got.storedCount() === 1)
      yield* Effect.promise(() => relay.cut())
      yield* eventually("the interruption", () => got.interruptions().length === 1)
      assert.deepEqual(got.interruptions(), ["disconnected"])
      const missed = [0, 1, 30, 3600].map((age) => message("g", nowSeconds() - age))
      const tooOld = message("g", nowSeconds() - 9000)
      for (const event of [...missed, tooOld]) relay.plant(event)
      yield* Effect.promise(() => relay.restore())
      yield* eventually("Stored again", () => got.storedCount() === 2)
      for (const event of missed) assert.ok(got.ids().includes(event.id))
      assert.ok(!got.ids().includes(tooOld.id))
      const live = message("g")
      yield* send(yield* subject.open, live, [a])
      yield* eventually("a live event", () => got.ids().includes(live.id))
    }))

  test("an event from the future does not hide what comes after a reconnect", (subject) =>
    Effect.gen(function* () {
      const reader = yield* subject.open
      const [a] = subject.relays
      const relay = subject.control(a)
      relay.plant(message("g", nowSeconds() + 86_400))
      const got = yield* listen(reader, {
        relays: [a],
        filters: [inGroup("g")],
        overlapSeconds: 60,
      })
      yield* eventually("Stored", () => got.storedCount() === 1)
      yield* Effect.promise(() => relay.cut())
      yield* eventually("the interruption", () => got.interruptions().length === 1)
      const missed = message("g")
      relay.plant(missed)
      yield* Effect.promise(() => relay.restore())
      yield* eventually("the missed event", () => got.ids().includes(missed.id))
    }))

  test("forged copies are not given and do not suppress the genuine event", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a, b] = subject.relays
      const [one, two] = [message("g"), message("g")]
      subject.control(a).plant({ ...one, sig: "0".repeat(128) })
      subject.control(a).plant({ ...two, content: "something else" })
      const got = yield* listen(transport, {
        relays: [a, b],
        filters: [inGroup("g")],
        overlapSeconds: 60,
      })
      yield* eventually("Stored twice", () => got.storedCount() === 2)
      assert.deepEqual(got.ids(), [])
      for (const event of [one, two]) yield* send(transport, event, [b])
      yield* eventually("both", () => got.ids().length === 2)
      assert.deepEqual(
        got.all.flatMap((item) => item._tag === "Event" ? [item.event] : []),
        [one, two],
      )
    }))

  test("a large stored set is given completely", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const events = Array.from({ length: 620 }, (_, i) => message("g", nowSeconds() - (i >> 1)))
      for (const event of events) subject.control(a).plant(event)
      const got = yield* listen(transport, {
        relays: [a],
        filters: [inGroup("g")],
        overlapSeconds: 60,
      })
      yield* eventually("Stored", () => got.storedCount() === 1)
      assert.equal(new Set(got.ids()).size, 620)
    }))

  test("gift wraps are given to their authenticated recipient only", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const recipient = newAuthor()
      const stranger = newAuthor()
      const wrap = author.sign({ kind: 1059, tags: [["p", recipient.publicKey]] })
      yield* send(transport, wrap, [a])
      const question = {
        relays: [a],
        filters: [{ kinds: [1059], tags: { p: [recipient.publicKey] } }],
        overlapSeconds: 259_200,
      }
      const nobody = yield* listen(transport, question)
      const other = yield* listen(transport, { ...question, identity: stranger })
      const owner = yield* listen(transport, { ...question, identity: recipient })
      yield* eventually("Stored", () => owner.storedCount() === 1)
      assert.deepEqual(owner.ids(), [wrap.id])
      yield* eventually(
        "the refusals",
        () => nobody.interruptions().length > 0 && other.interruptions().length > 0,
      )
      assert.equal(nobody.interruptions()[0], "auth-required")
      assert.deepEqual([...nobody.ids(), ...other.ids()], [])
      yield* Effect.promise(() => subject.control(a).cut())
      yield* eventually("the interruption", () => owner.interruptions().length === 1)
      const later = author.sign({ kind: 1059, tags: [["p", recipient.publicKey]] })
      subject.control(a).plant(later)
      yield* Effect.promise(() => subject.control(a).restore())
      yield* eventually("the next one", () => owner.ids().includes(later.id))
      assert.deepEqual([...nobody.ids(), ...other.ids()], [])
    }))

  test("an interrupted subscription is over; a closed transport says so", (subject) =>
    Effect.gen(function* () {
      const [a] = subject.relays
      const question = { relays: [a], filters: [inGroup("g")], overlapSeconds: 60 }
      const other = yield* subject.open
      const first = yield* Effect.scoped(Effect.gen(function* () {
        const got = yield* listen(other, question)
        yield* eventually("Stored", () => got.storedCount() === 1)
        return got
      }))
      yield* send(other, message("g"), [a])
      const { service, running } = yield* Effect.scoped(Effect.gen(function* () {
        const service = yield* subject.open
        const running = yield* Effect.forkDetach(
          Effect.flip(Stream.runDrain(service.subscribe(question))),
        )
        yield* send(service, message("g"), [a])
        return { service, running }
      }))
      const error = yield* Fiber.join(running)
      assert.equal(error.reason, "closed")
      assert.deepEqual(first.ids(), [])
      const late = yield* Effect.flip(Stream.runDrain(service.publish(message("g"), [a])))
      assert.equal(late.reason, "closed")
      const asked = yield* Effect.flip(service.fetch({ relays: [a], filters: [inGroup("g")] }))
      assert.equal(asked.reason, "closed")
    }))
}
