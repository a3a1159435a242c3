import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { groupOf, inWorld } from "./in_world.ts"

describe("the changes of a handle", () => {
  it("end when the relays that never answered are given up", () =>
    inWorld({ members: ["ann", "bob"], relays: 2 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.relays.partition([1])
        const sent = yield* world.ann.messages.send(group.id, "hello")
        const early = yield* Effect.forkChild(Stream.runCollect(sent.changes))
        yield* world.settle
        assert.equal((yield* sent.state)._tag, "Published")
        assert.equal(early.pollUnsafe(), undefined)
        yield* world.close("ann")
        yield* world.close("bob")
        yield* TestClock.adjust("25 hours")
        const ann = yield* world.restart("ann")
        const { changes } = yield* ann.messages.handle(sent.id)
        const late = yield* Effect.forkChild(Stream.runCollect(changes))
        yield* world.settle
        assert.notEqual(late.pollUnsafe(), undefined)
        assert.deepEqual(yield* Fiber.join(late), [{
          _tag: "Published",
          relays: { accepted: 1, rejected: 0, unanswered: 1, of: 2 },
        }])
      })))
})
