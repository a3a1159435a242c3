import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { PublicKey } from "@mdk/core"
import { encodeBase64 } from "@mdk/core/codec"
import { defaultCryptoProvider, Secret } from "@mdk/core/crypto"
import { LocalSigner, publicKeyOf, signEvent } from "@mdk/core/identity"
import { signEphemeral } from "@mdk/core/nostr"
import { seededEntropy } from "@mdk/testing"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { createKeyPackage, ownKeyPackageTemplate } from "../../packages/core/src/key-package/mod.ts"
import { acceptAll, groupOf, inWorld, textsOf } from "./in_world.ts"

const SECONDS = 1_700_000_100
const crypto = defaultCryptoProvider()
const entropy = seededEntropy("looking back")

describe("looking back", () => {
  it("finds what was published days after it was written", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const [relay] = world.relays.network.relays
        const pass = Effect.fnUntraced(function* (time: Duration.Input) {
          yield* world.close("ann")
          yield* world.close("bob")
          yield* TestClock.adjust(time)
          yield* world.restart("ann")
        })
        yield* pass("10 days")
        yield* world.settle
        yield* world.ann.messages.send(group.id, "written in a tunnel")
        yield* world.settle
        const late = relay!.events.findLast(({ kind }) => kind === 445)!
        relay!.forget(late.id)
        yield* pass("5 days")
        yield* world.ann.messages.send(group.id, "much later")
        yield* world.settle
        // This one is stored: the next question begins from it.
        yield* world.restart("bob")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["much later"])
        relay!.plant(late)
        yield* world.restart("bob")
        yield* world.settle
        assert.deepEqual(
          (yield* textsOf(world.bob, group.id)).toSorted(),
          ["much later", "written in a tunnel"],
        )
      })))

  it("does not take what it read in epochs long gone for something that waits", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const [relay] = world.relays.network.relays
        for (let n = 0; n < 7; n++) {
          yield* world.ann.messages.send(group.id, `${n}`)
          yield* world.bob.messages.send(group.id, `${n}`)
          yield* world.settle
          const key = Secret.take(entropy.bytes(32))
          const signer = LocalSigner.make(key, entropy)
          const own = yield* createKeyPackage({ crypto, entropy, signer, now: BigInt(SECONDS) })
          const template = ownKeyPackageTemplate(own, "cd".repeat(32), SECONDS)
          relay!.plant(signEvent(key, template, entropy.bytes(32)))
          yield* world.ann.groups.invite(group.id, [PublicKey.parse(publicKeyOf(key))])
          yield* world.settle
        }
        assert.equal((yield* world.bob.groups.get(group.id)).members.length, 9)
        yield* world.restart("bob")
        yield* world.settle
        assert.equal((yield* world.bob.sync()).waiting, 0)
      }).pipe(Effect.orDie)))

  it("keeps nothing that no key opens and that is older than the membership", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        yield* groupOf(world, "ann", ["bob"], "old")
        yield* world.close("ann")
        yield* world.close("bob")
        yield* TestClock.adjust("30 days")
        yield* world.restart("ann")
        yield* world.restart("bob")
        yield* world.settle
        const [relay] = world.relays.network.relays
        const before = new Set(relay!.events.map(({ id }) => id))
        const { group } = yield* world.ann.groups.create({
          name: "new",
          invite: [world.bob.account.publicKey],
        })
        yield* world.settle
        yield* acceptAll(world.bob)
        yield* world.settle
        yield* world.ann.messages.send(group.id, "hello")
        yield* world.settle
        const { tags, created_at } = relay!.events.findLast((event) =>
          event.kind === 445 && !before.has(event.id)
        )!
        for (let days = 1; days <= 20; days++) {
          const seconds = created_at - days * 24 * 3600
          const content = encodeBase64(entropy.bytes(200))
          const junk = signEphemeral({ kind: 445, created_at: seconds, tags, content }, entropy)
          assert.equal(relay!.accept(junk, created_at), undefined)
        }
        yield* world.settle
        const { waiting } = yield* world.bob.sync()
        assert.ok(waiting > 0 && waiting <= 3, `${waiting}`)
      }).pipe(Effect.orDie)))
})

describe("an account that stays open", () => {
  it("gives up old memories without being opened again", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const [relay] = world.relays.network.relays
        yield* world.ann.messages.send(group.id, "hello")
        yield* world.settle
        const { tags, created_at } = relay!.events.findLast(({ kind }) => kind === 445)!
        const content = encodeBase64(entropy.bytes(200))
        relay!.accept(signEphemeral({ kind: 445, created_at, tags, content }, entropy), created_at)
        yield* world.settle
        assert.equal((yield* world.bob.sync()).waiting, 1)
        yield* world.close("ann")
        yield* world.restart("bob", { offline: true })
        yield* TestClock.adjust("29 days")
        assert.equal((yield* world.bob.sync()).waiting, 1)
        yield* TestClock.adjust("3 days")
        assert.equal((yield* world.bob.sync()).waiting, 0)
      })))
})
