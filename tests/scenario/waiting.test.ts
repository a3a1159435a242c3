import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Cursor, Message, Page } from "@mdk/core"
import { encodeBase64 } from "@mdk/core/codec"
import { signEphemeral } from "@mdk/core/nostr"
import { seededEntropy } from "@mdk/testing"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { groupOf, inWorld, textsOf } from "./in_world.ts"

const entropy = seededEntropy("waiting")

describe("waiting for a commit", () => {
  it("loses none of many messages that one relay has, when another has the commit before them", () =>
    inWorld({ members: ["ann", "bob", "cleo"], relays: 2 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.close("bob")
        const [first, second] = world.relays.network.relays
        yield* world.ann.groups.invite(group.id, [world.cleo.account.publicKey])
        yield* world.settle
        const commit = first!.events.findLast(({ kind }) => kind === 445)!
        const before = new Set(first!.events.map(({ id }) => id))
        yield* TestClock.adjust("1 second")
        const texts = Array.from({ length: 700 }, (_, n) => `number ${n}`)
        for (const text of texts) yield* world.ann.messages.send(group.id, text)
        yield* world.settle
        first!.forget(commit.id)
        for (const { id, kind } of [...second!.events]) {
          if (kind === 445 && !before.has(id)) second!.forget(id)
        }
        // First the messages alone, then the commit too.
        second!.setDown(true)
        const bob = yield* world.restart("bob")
        yield* world.settle
        assert.equal((yield* bob.sync()).waiting, 700)
        second!.setDown(false)
        yield* world.settle
        assert.equal((yield* bob.sync()).waiting, 0)
        const read: Array<string> = []
        let older: Cursor<Message> | undefined
        do {
          const page: Page<Message> = yield* bob.messages.page(group.id, {
            limit: 500,
            ...(older === undefined ? {} : { before: older }),
          })
          read.push(...page.items.map(({ fallback }) => fallback))
          older = page.older
        } while (older !== undefined)
        assert.deepEqual(
          read.filter((text) => text.startsWith("number")).toSorted(),
          texts.toSorted(),
        )
      })))

  it("is bounded against strangers, and forgets what is older than the membership", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const [relay] = world.relays.network.relays
        yield* world.ann.messages.send(group.id, "hello")
        yield* world.settle
        const tags = relay!.events.findLast(({ kind }) => kind === 445)!.tags
        const content = encodeBase64(entropy.bytes(200))
        const junk = (created_at: number) =>
          signEphemeral({ kind: 445, created_at, tags, content }, entropy)
        for (let n = 0; n < 5; n++) relay!.accept(junk(1_690_000_000 + n), 1_700_000_100)
        yield* world.settle
        assert.equal((yield* world.bob.sync()).waiting, 0)
        for (let n = 0; n < 1100; n++) relay!.accept(junk(1_700_000_000 + n % 3), 1_700_000_100)
        yield* world.settle
        assert.equal((yield* world.bob.sync()).waiting, 1000)
        yield* world.ann.messages.send(group.id, "still here")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["hello", "still here"])
      })))
})
