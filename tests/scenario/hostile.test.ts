import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type MdkService, PublicKey } from "@mdk/core"
import { encodeBase64, encodeHex } from "@mdk/core/codec"
import { defaultCryptoProvider, Secret } from "@mdk/core/crypto"
import { LocalSigner, publicKeyOf, signEvent } from "@mdk/core/identity"
import { generateKeyPackage } from "@mdk/core/mls"
import { giftWrap, makeRumor, signEphemeral } from "@mdk/core/nostr"
import type { NostrEvent } from "@mdk/core/services"
import { seededEntropy } from "@mdk/testing"
import * as Effect from "effect/Effect"
import { createKeyPackage, ownKeyPackageTemplate } from "../../packages/core/src/key-package/mod.ts"
import { groupOf, inWorld, textsOf } from "./in_world.ts"

const SECONDS = 1_700_000_100
const entropy = seededEntropy("hostile")
const crypto = defaultCryptoProvider()

const stateOf = (mdk: MdkService) =>
  Effect.gen(function* () {
    const groups = (yield* mdk.groups.page()).items
    const invites = (yield* mdk.invites.page()).items
    const messages = yield* Effect.forEach(groups, ({ id }) => textsOf(mdk, id))
    return JSON.stringify([
      groups.map(({ members, status }) => [members, status]),
      invites,
      messages,
    ])
  })

describe("a hostile world", () => {
  it("changes nothing by forged, malformed and foreign events", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.ann.messages.send(group.id, "hello")
        yield* world.settle
        const [relay] = world.relays.network.relays
        const real = relay!.events.findLast(({ kind }) => kind === 445)!
        const address = real.tags[0]![1]!
        const sealed = (content: string, tags: ReadonlyArray<ReadonlyArray<string>>): NostrEvent =>
          signEphemeral({ kind: 445, created_at: SECONDS, tags, content }, entropy)
        const before = yield* stateOf(world.bob)
        const copy = encodeBase64(entropy.bytes(200))
        const events = [
          sealed("not base64", [["h", address]]),
          sealed("", [["h", address]]),
          sealed(copy, [["h", address]]),
          sealed(copy, [["h", address], ["p", world.bob.account.publicKey]]),
          sealed(copy, [["h", "00".repeat(32)]]),
          // The very message again, in a new envelope.
          sealed(real.content, [["h", address]]),
          { ...real, content: copy },
          { ...real, sig: "00".repeat(64) },
        ]
        for (const event of events) relay!.accept(event, SECONDS)
        yield* world.settle
        assert.equal(yield* stateOf(world.bob), before)
        yield* world.bob.messages.send(group.id, "unimpressed")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.ann, group.id), ["hello", "unimpressed"])
      })))

  it("answers no gift wrap that is no invitation for this device", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const [relay] = world.relays.network.relays
        const key = Secret.take(entropy.bytes(32))
        const stranger = publicKeyOf(key)
        const signer = LocalSigner.make(key, entropy)
        const bob = PublicKey.parse(world.bob.account.publicKey)
        const wrap = (rumor: Parameters<typeof giftWrap>[0]["rumor"]) =>
          giftWrap({ signer, rumor, recipient: bob, now: SECONDS }, entropy)
        const events: Array<NostrEvent> = [
          yield* wrap(makeRumor({
            pubkey: stranger,
            created_at: SECONDS,
            kind: 444,
            tags: [["e", "ab".repeat(32)], ["relays", "wss://relay-0.test"]],
            content: encodeBase64(entropy.bytes(400)),
          })),
          yield* wrap(makeRumor({
            pubkey: stranger,
            created_at: SECONDS,
            kind: 14,
            tags: [],
            content: "a direct message of another program",
          })),
          signEphemeral(
            { kind: 1059, created_at: SECONDS, tags: [["p", bob]], content: "garbage" },
            entropy,
          ),
        ]
        for (const event of events) assert.equal(relay!.accept(event, SECONDS), undefined)
        yield* world.settle
        assert.deepEqual((yield* world.bob.invites.page()).items, [])
        const group = yield* groupOf(world, "ann", ["bob"])
        assert.equal((yield* world.bob.groups.get(group.id)).status, "active")
      }).pipe(Effect.orDie)))

  it("invites nobody by a KeyPackage that somebody else made, and takes the next best", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const [relay] = world.relays.network.relays
        const key = Secret.take(entropy.bytes(32))
        const account = publicKeyOf(key)
        const signer = LocalSigner.make(key, entropy)
        const own = yield* createKeyPackage({ crypto, entropy, signer, now: BigInt(SECONDS) })
        const template = ownKeyPackageTemplate(own, "cd".repeat(32), SECONDS)
        const thief = Secret.take(entropy.bytes(32))
        const stolen = signEvent(thief, template, entropy.bytes(32))
        relay!.accept(stolen, SECONDS)
        const who = [publicKeyOf(thief), account].map((text) => PublicKey.parse(text))
        const nobody = yield* world.ann.groups.reach(who)
        assert.deepEqual([...nobody.values()], ["no-key-package", "no-key-package"])
        relay!.accept(signEvent(key, template, entropy.bytes(32)), SECONDS)
        // A newer one in another slot that cannot be used.
        const bare = generateKeyPackage({
          crypto,
          entropy,
          identity: new Uint8Array(32).fill(1),
          capabilities: own.keyPackage.leafNode.capabilities,
          leafExtensions: own.keyPackage.leafNode.extensions,
          lifetime: { notBefore: 0n, notAfter: 1n },
        })
        const broken = ownKeyPackageTemplate(bare, "ef".repeat(32), SECONDS + 1)
        relay!.accept(signEvent(key, broken, entropy.bytes(32)), SECONDS)
        const some = yield* world.ann.groups.reach(who)
        assert.deepEqual([...some.values()], ["no-key-package", "ready"])
      }).pipe(Effect.orDie)))

  it("refuses a group whose Welcome would not fit a gift wrap, before anything is sent", () =>
    inWorld({ members: ["ann"] }, (world) =>
      Effect.gen(function* () {
        const [relay] = world.relays.network.relays
        const crowd: Array<PublicKey> = []
        for (let n = 0; n < 150; n++) {
          const key = Secret.take(entropy.bytes(32))
          const signer = LocalSigner.make(key, entropy)
          const own = yield* createKeyPackage({ crypto, entropy, signer, now: BigInt(SECONDS) })
          const template = ownKeyPackageTemplate(own, encodeHex(entropy.bytes(32)), SECONDS)
          relay!.plant(signEvent(key, template, entropy.bytes(32)))
          crowd.push(PublicKey.parse(publicKeyOf(key)))
        }
        const count = relay!.events.length
        const refused = yield* Effect.flip(
          world.ann.groups.create({ name: "everybody", invite: crowd }),
        )
        assert.equal(refused.reason, "too-large")
        assert.equal(relay!.events.length, count)
        assert.deepEqual((yield* world.ann.groups.page()).items, [])
        const { group } = yield* world.ann.groups.create({
          name: "some",
          invite: crowd.slice(0, 30),
        })
        assert.equal(group.members.length, 31)
        const more = yield* Effect.flip(world.ann.groups.invite(group.id, crowd.slice(30)))
        assert.equal(more.reason, "too-large")
        yield* world.settle
        assert.equal((yield* world.ann.groups.get(group.id)).members.length, 31)
        yield* world.ann.messages.send(group.id, "the group still works")
        yield* world.settle
        assert.equal((yield* world.ann.sync()).unsent, 0)
      }).pipe(Effect.orDie)))
})
