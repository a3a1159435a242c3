import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { connect, type Event, type EventKey, ServiceError } from "@mdk/core"
import { MemoryDisk } from "@mdk/storage-memory"
import { MemoryRelays } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { memoryAccount, RELAY } from "../examples/memory_account.ts"
import { groupOf, inWorld } from "./in_world.ts"

const pair = ["ann", "bob"] as const
const textIn = (event: Event): string | undefined =>
  event._tag === "MessageReceived" && event.message.content._tag === "Text"
    ? event.message.content.text
    : undefined

/** Lets longer pauses pass than a world waits for by itself. */
const later = Effect.gen(function* () {
  for (let turn = 0; turn < 60; turn++) {
    yield* TestClock.adjust("500 millis")
    for (let n = 0; n < 20; n++) yield* Effect.yieldNow
  }
})

describe("a handler that keeps failing", () => {
  for (const how of ["fails", "dies"] as const) {
    it(`is not to blame when it ${how} because a service fails: the event comes until it works`, () =>
      inWorld({ members: pair }, (world) =>
        Effect.gen(function* () {
          const group = yield* groupOf(world, "ann", ["bob"])
          yield* world.ann.messages.send(group.id, "a")
          yield* world.settle
          const trouble = (["storage", "disk-full", "outcome-unknown", "no-relay"] as const)
            .flatMap((reason) => Array.from({ length: 5 }, () => new ServiceError({ reason })))
          const times: Array<number> = []
          const done: Array<string> = []
          const fiber = yield* Effect.forkChild(world.bob.events.consume("c", (event) =>
            Effect.gen(function* () {
              const text = textIn(event)
              if (text === undefined) return
              times.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
              const error = trouble.shift()
              if (error !== undefined) return yield* how === "fails" ? error : Effect.die(error)
              done.push(text)
            }), { from: "first", attempts: 2 }))
          for (let n = 0; n < 30; n++) {
            yield* later
          }
          yield* Fiber.interrupt(fiber)
          assert.deepEqual([done, trouble.length], [["a"], 0])
          assert.deepEqual(yield* world.bob.events.parked("c"), [])
          assert.equal(times.length, 21)
        })))
  }

  it("leaves its event in a box, out of which it is offered again, also after a restart", () =>
    inWorld({ members: pair }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        for (const text of ["bad", "b", "worse"]) yield* world.ann.messages.send(group.id, text)
        yield* world.settle
        let broken = true
        const seen: Array<string> = []
        let tries = 0
        const take = (event: Event) => {
          const text = textIn(event)
          if (text === undefined) return Effect.void
          if (broken && text !== "b") {
            tries++
            return Effect.fail("no")
          }
          return Effect.sync(() => seen.push(text))
        }
        const first = yield* Effect.forkChild(
          world.bob.events.consume("c", take, { from: "first", attempts: 3 }),
        )
        yield* later
        const parked = yield* world.bob.events.parked("c")
        assert.deepEqual([parked.map(textIn), seen, tries], [["bad", "worse"], ["b"], 6])
        assert.deepEqual(yield* world.bob.events.parked("other"), [])

        // Still broken: it is tried as often again, and parked again.
        const [bad, worse] = parked
        assert.ok(bad !== undefined && worse !== undefined)
        yield* world.bob.events.release("other", bad.key)
        yield* world.bob.events.release("c", bad.key)
        yield* later
        assert.equal(tries, 9)
        assert.deepEqual((yield* world.bob.events.parked("c")).map(({ key }) => key), [
          bad.key,
          worse.key,
        ])

        broken = false
        yield* world.bob.events.release("c", bad.key)
        yield* later
        assert.deepEqual(seen, ["b", "bad"])
        yield* Fiber.interrupt(first)

        yield* world.bob.events.release("c", worse.key)
        const bob = yield* world.restart("bob")
        const second = yield* Effect.forkChild(bob.events.consume("c", take))
        yield* later
        assert.deepEqual(seen, ["b", "bad", "worse"])
        assert.deepEqual(yield* bob.events.parked("c"), [])
        yield* Fiber.interrupt(second)
        yield* Effect.forkChild(bob.events.consume("c", take))
        yield* later
        assert.deepEqual(seen, ["b", "bad", "worse"])
      })))

  it("is found by programs without Effect too", async () => {
    const network = new MemoryRelays({ addresses: [RELAY] })
    const mdk = await connect(memoryAccount(network, "01".repeat(32), new MemoryDisk()))
    await mdk.groups.create({ name: "Burrow" })
    const parked = async (): Promise<ReadonlyArray<Event>> => {
      const found = await mdk.events.parked("c")
      return found.length > 0 ? found : await new Promise((resolve) => {
        setTimeout(() => resolve(parked()), 5)
      })
    }
    const stop = new AbortController()
    const options = { from: "first", attempts: 1, signal: stop.signal } as const
    let handled: EventKey | undefined
    let broken = true
    const done = new Promise<void>((resolve) => {
      void mdk.events.consume("c", (event) => {
        if (broken) return Promise.reject(new Error("no"))
        handled = event.key
        resolve()
        return Promise.resolve()
      }, options)
    })
    const [event] = await parked()
    assert.ok(event !== undefined)
    broken = false
    await mdk.events.release("c", event.key)
    await done
    stop.abort()
    await mdk.close()
    assert.equal(handled, event.key)
  })
})
