/**
 * The transport contract: publishing.
 *
 * @module
 */
import assert from "node:assert/strict"
import type { NostrEvent, RelayAnswer, TransportService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type ContractTest, newAuthor } from "./transport_contract_subject.ts"

const answers = (
  transport: TransportService,
  event: NostrEvent,
  relays: ReadonlyArray<string>,
): Effect.Effect<ReadonlyMap<string, RelayAnswer>, unknown> =>
  Effect.map(Stream.runCollect(transport.publish(event, relays)), (all) => {
    const byRelay = new Map(all.map((answer) => [answer.relay, answer]))
    assert.equal(byRelay.size, all.length, "one answer per relay")
    return byRelay
  })

/** Registers the tests of publishing. */
export function transportPublishContract(test: ContractTest): void {
  const author = newAuthor()

  test("every distinct relay answers once; the same event is accepted again", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a, b] = subject.relays
      const event = author.sign()
      for (let i = 0; i < 2; i++) {
        const given = yield* answers(transport, event, [a, b, a])
        assert.deepEqual(given.get(a), { relay: a, outcome: "accepted" })
        assert.deepEqual(given.get(b), { relay: b, outcome: "accepted" })
        assert.equal(given.size, 2)
      }
      assert.deepEqual(subject.control(a).stored(), [event.id])
      assert.deepEqual(subject.control(b).stored(), [event.id])
    }))

  test("a refusal is told by its prefix: for good, or try again", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const relay = subject.control(a)
      relay.refuse("blocked: you are not welcome")
      const blocked = yield* answers(transport, author.sign(), [a])
      assert.deepEqual(blocked.get(a), { relay: a, outcome: "rejected", prefix: "blocked" })
      relay.refuse("rate-limited: slow down")
      const limited = yield* answers(transport, author.sign(), [a])
      assert.deepEqual(limited.get(a), { relay: a, outcome: "unanswered", prefix: "rate-limited" })
      relay.refuse("words without a prefix")
      const prose = yield* answers(transport, author.sign(), [a])
      assert.deepEqual(prose.get(a), { relay: a, outcome: "rejected" })
      relay.refuse(undefined)
      assert.equal((yield* answers(transport, author.sign(), [a])).get(a)?.outcome, "accepted")
    }))

  test("unreachable and silent relays are unanswered and hold nobody up", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a, b] = subject.relays
      subject.control(b).silence(true)
      const event = author.sign()
      const order: Array<string> = []
      yield* transport.publish(event, [subject.unreachable, b, a]).pipe(
        Stream.runForEach((answer) =>
          Effect.sync(() => void order.push(`${answer.relay} ${answer.outcome}`))
        ),
      )
      const answered = (relay: string, outcome: string) => order.indexOf(`${relay} ${outcome}`)
      assert.equal(order.length, 3)
      assert.ok(answered(subject.unreachable, "unanswered") >= 0)
      assert.ok(answered(a, "accepted") >= 0)
      assert.ok(answered(a, "accepted") < answered(b, "unanswered"))
    }))

  test("what is not a genuine event never leaves", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const event = author.sign()
      const forgeries: ReadonlyArray<NostrEvent> = [
        { ...event, content: "something else" },
        { ...event, sig: "0".repeat(128) },
        { ...event, id: "f".repeat(64) },
        { ...event, pubkey: newAuthor().publicKey },
        { ...event, kind: 65_536 },
      ]
      for (const forged of forgeries) {
        const error = yield* Effect.flip(Stream.runCollect(transport.publish(forged, [a])))
        assert.equal(error.reason, "invalid-event")
        assert.equal(error.operation, "publish")
      }
      assert.deepEqual(subject.control(a).stored(), [])
    }))

  test("too large and nowhere to go are errors without identifiers", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const large = author.sign({ content: "x".repeat(transport.maxEventBytes) })
      const error = yield* Effect.flip(Stream.runCollect(transport.publish(large, [a])))
      assert.equal(error.reason, "too-large")
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, new RegExp(large.id))
      const nowhere = yield* Effect.flip(Stream.runCollect(transport.publish(author.sign(), [])))
      assert.equal(nowhere.reason, "no-relay")
      const room = transport.maxEventBytes - JSON.stringify(author.sign({ content: "" })).length
      const largest = author.sign({ content: "x".repeat(room) })
      assert.equal((yield* answers(transport, largest, [a])).get(a)?.outcome, "accepted")
    }))

  test("an address that nobody may dial is rejected, not fatal", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      const bad = ["https://relay.example", "wss://user:word@relay.example", "no address"]
      const given = yield* answers(transport, author.sign(), [...bad, a])
      for (const relay of bad) assert.deepEqual(given.get(relay), { relay, outcome: "rejected" })
      assert.equal(given.get(a)?.outcome, "accepted")
    }))

  test("a relay that went away and came back is published to again", (subject) =>
    Effect.gen(function* () {
      const transport = yield* subject.open
      const [a] = subject.relays
      assert.equal((yield* answers(transport, author.sign(), [a])).get(a)?.outcome, "accepted")
      yield* Effect.promise(() => subject.control(a).cut())
      assert.equal((yield* answers(transport, author.sign(), [a])).get(a)?.outcome, "unanswered")
      yield* Effect.promise(() => subject.control(a).restore())
      assert.equal((yield* answers(transport, author.sign(), [a])).get(a)?.outcome, "accepted")
    }))
}
