/**
 * What the memory transport's links do, on a clock that the test moves.
 *
 * @module
 */
import { Secret } from "@mdk/core/crypto"
import { signEvent } from "@mdk/core/identity"
import type { Incoming, NostrEvent, TransportService } from "@mdk/core/services"
import { systemEntropy } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import assert from "node:assert/strict"
import { test } from "node:test"
import { MemoryRelays, type MemoryRelaysOptions, MemoryTransport } from "../src/mod.ts"

const addresses = ["wss://a.example", "wss://b.example"]
const secret = Secret.take(systemEntropy.bytes(32))
let serial = 0

const message = (): NostrEvent =>
  signEvent(secret, {
    kind: 445,
    created_at: 10 + ++serial,
    tags: [["h", "g"]],
    content: `text ${serial}`,
  }, systemEntropy.bytes(32))

/** Runs a body on the test clock with a fresh set of relays. */
const onTestClock = (
  options: Partial<MemoryRelaysOptions>,
  body: (network: MemoryRelays) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> =>
  Effect.runPromise(
    body(new MemoryRelays({ addresses, ...options })).pipe(
      Effect.scoped,
      Effect.provide(TestClock.layer()),
    ),
  )

const open = (network: MemoryRelays, client = "client") =>
  MemoryTransport.make({ network, relays: addresses, client })

const listen = (transport: TransportService, relays = addresses) =>
  Effect.gen(function* () {
    const all: Array<Incoming> = []
    yield* transport.subscribe({ relays, filters: [{ kinds: [445] }], overlapSeconds: 600 }).pipe(
      Stream.runForEach((incoming) => Effect.sync(() => void all.push(incoming))),
      Effect.forkScoped,
    )
    yield* settle
    return {
      all,
      ids: () => all.flatMap((one) => one._tag === "Event" ? [one.event.id] : []),
    }
  })

/** Lets everything happen that needs no time. */
const settle = TestClock.adjust(0)

const publish = (transport: TransportService, event: NostrEvent, relays = addresses) =>
  Effect.map(
    Stream.runCollect(transport.publish(event, relays)),
    (answers) => answers.map((answer) => answer.outcome),
  )

test("delays are the clock's: nothing arrives before its time", () =>
  onTestClock({ conditions: { delayMillis: [100, 100] } }, (network) =>
    Effect.gen(function* () {
      const [alice, bob] = [yield* open(network), yield* open(network)]
      const got = yield* listen(bob, [addresses[0] ?? ""])
      yield* TestClock.adjust(100)
      assert.equal(got.all.length, 1)
      const event = message()
      const published = yield* Effect.forkScoped(publish(alice, event, [addresses[0] ?? ""]))
      yield* settle
      yield* TestClock.adjust(150)
      assert.deepEqual(got.ids(), [])
      yield* TestClock.adjust(50)
      assert.deepEqual(got.ids(), [event.id])
      assert.deepEqual(yield* Fiber.join(published), ["accepted"])
    })))

test("messages overtake each other, and all arrive", () =>
  onTestClock({ seed: 3 }, (network) =>
    Effect.gen(function* () {
      const [alice, bob] = [yield* open(network), yield* open(network)]
      const got = yield* listen(bob)
      network.setConditions({ delayMillis: [1, 5000] })
      const events = Array.from({ length: 20 }, message)
      for (const event of events) yield* Effect.forkScoped(publish(alice, event))
      for (let i = 0; i < 12; i++) yield* TestClock.adjust("1 second")
      assert.deepEqual([...got.ids()].sort(), events.map((event) => event.id).sort())
      assert.notDeepEqual(got.ids(), events.map((event) => event.id))
    })))

test("what was lost comes after the next cut; nothing that was accepted is gone", () =>
  onTestClock({ seed: 11 }, (network) =>
    Effect.gen(function* () {
      const [alice, bob] = [yield* open(network), yield* open(network)]
      const got = yield* listen(bob)
      network.setConditions({ loss: 0.5 })
      const accepted: Array<string> = []
      let unanswered = 0
      for (let i = 0; i < 40; i++) {
        const event = message()
        const answers = yield* Effect.forkScoped(publish(alice, event))
        yield* settle
        yield* TestClock.adjust("2 seconds")
        const outcomes = yield* Fiber.join(answers)
        if (outcomes.includes("accepted")) accepted.push(event.id)
        unanswered += outcomes.filter((outcome) => outcome === "unanswered").length
      }
      assert.ok(accepted.length > 0 && unanswered > 0)
      assert.ok(accepted.some((id) => !got.ids().includes(id)), "some deliveries were lost")
      network.setConditions({})
      network.cut("client")
      yield* settle
      for (const id of accepted) assert.ok(got.ids().includes(id))
      assert.equal(new Set(got.ids()).size, got.ids().length)
    })))

test("duplication gives events twice", () =>
  onTestClock({ conditions: { duplication: 1 } }, (network) =>
    Effect.gen(function* () {
      const transport = yield* open(network)
      const got = yield* listen(transport, [addresses[0] ?? ""])
      const event = message()
      yield* publish(transport, event, [addresses[0] ?? ""])
      yield* settle
      assert.deepEqual(got.ids(), [event.id, event.id])
    })))

test("a partition parts one client from one relay, until it heals", () =>
  onTestClock({}, (network) =>
    Effect.gen(function* () {
      const [a = ""] = addresses
      const [alice, bob] = [yield* open(network, "alice"), yield* open(network, "bob")]
      const got = yield* listen(bob, [a])
      network.partition("bob", a)
      yield* settle
      assert.deepEqual(got.all.at(-1), { _tag: "Interrupted", relay: a, reason: "disconnected" })
      const event = message()
      assert.deepEqual(yield* publish(alice, event, [a]), ["accepted"])
      assert.deepEqual(yield* publish(bob, message(), [a]), ["unanswered"])
      assert.deepEqual(yield* publish(bob, message(), [addresses[1] ?? ""]), ["accepted"])
      yield* settle
      assert.deepEqual(got.ids(), [])
      network.heal("bob")
      yield* settle
      assert.deepEqual(got.ids(), [event.id])
    })))

test("the same seed gives the same run", async () => {
  const events = Array.from({ length: 15 }, message)
  const runOnce = async (seed: number): Promise<string> => {
    let trace = ""
    await onTestClock({ seed }, (network) =>
      Effect.gen(function* () {
        const [alice, bob] = [yield* open(network), yield* open(network)]
        const got = yield* listen(bob)
        network.setConditions({ loss: 0.3, duplication: 0.2, delayMillis: [0, 900] })
        for (const event of events) {
          const answers = yield* Effect.forkScoped(publish(alice, event))
          yield* settle
          yield* TestClock.adjust("3 seconds")
          trace += `${(yield* Fiber.join(answers)).join()} `
        }
        trace += got.ids().join()
      }))
    return trace
  }
  assert.equal(await runOnce(42), await runOnce(42))
  assert.notEqual(await runOnce(42), await runOnce(43))
})

test("a relay that was silent is asked again when it speaks", () =>
  onTestClock({}, (network) =>
    Effect.gen(function* () {
      const [a = ""] = addresses
      const transport = yield* open(network)
      network.relay(a)?.setSilent(true)
      const got = yield* listen(transport, [a])
      assert.deepEqual(got.all, [])
      network.relay(a)?.setSilent(false)
      yield* settle
      assert.deepEqual(got.all.at(-1), { _tag: "Stored", relay: a })
    })))
