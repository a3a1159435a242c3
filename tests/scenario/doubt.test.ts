import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { MemoryRelays } from "@mdk/testing"
import * as Effect from "effect/Effect"
import { groupOf, inWorld } from "./in_world.ts"

const members = ["ann", "bob", "cleo"] as const
const GROUP_MESSAGE = 445

/** The relay stores group events and loses its answer; asked again, it refuses, until told not to. */
function storeThenRefuse(network: MemoryRelays): () => void {
  const [relay] = network.relays
  const accept = relay!.accept.bind(relay)
  const stored = new Set<string>()
  let refuses = true
  relay!.accept = (event, now) => {
    if (event.kind !== GROUP_MESSAGE || !refuses) return accept(event, now)
    if (stored.has(event.id)) return "blocked: no"
    stored.add(event.id)
    assert.equal(accept(event, now), undefined)
    return "error: nobody knows"
  }
  return () => {
    refuses = false
  }
}

describe("a refusal after an answer that was lost", () => {
  it("never abandons a commit that the others may have", () =>
    inWorld({ members, relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const relent = storeThenRefuse(world.relays.network)
        const change = yield* world.ann.groups.invite(group.id, [world.cleo.account.publicKey])
        yield* world.settle
        assert.equal((yield* world.bob.groups.get(group.id)).members.length, 3)
        assert.notEqual((yield* change.state)._tag, "Failed")
        const ann = yield* world.restart("ann")
        yield* world.settle
        assert.equal((yield* ann.groups.get(group.id)).members.length, 2)
        relent()
        yield* world.settle
        assert.equal((yield* ann.groups.get(group.id)).members.length, 3)
      })))

  it("leaves a message unconfirmed, not failed", () =>
    inWorld({ members, relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const relent = storeThenRefuse(world.relays.network)
        const sent = yield* world.ann.messages.send(group.id, "hello")
        yield* world.settle
        assert.deepEqual(yield* sent.state, {
          _tag: "Unconfirmed",
          relays: { accepted: 0, rejected: 0, unanswered: 1, of: 1 },
        })
        relent()
        yield* world.settle
        assert.equal((yield* sent.state)._tag, "Published")
      })))
})
