import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { encodeHex } from "../../src/codec/mod.ts"
import { encodeGroupProfile, encodeNostrRouting } from "../../src/components/mod.ts"
import { defaultCryptoProvider, Secret } from "../../src/crypto/mod.ts"
import { authorizeLeaf, LocalSigner, publicKeyOf } from "../../src/identity/mod.ts"
import {
  abandonPending,
  accountsOf,
  applyPending,
  dropsSecrets,
  found,
  type GroupState,
  groupVerbs,
  openOuterLayer,
  openWelcome,
  prepareInvite,
  receive,
  retain,
  routesOf,
  sealMessage,
  tipOf,
} from "../../src/group/mod.ts"
import { buildKeyPackage } from "../../src/key-package/mod.ts"
import { chatMessage, makeInnerEvent } from "../../src/message/mod.ts"
import {
  commit,
  type InlineProposal,
  messageDigest,
  type OwnKeyPackage,
} from "../../src/mls/mod.ts"
import { readGroupEvent, sealGroupEvent } from "../../src/nostr/mod.ts"
import { adoptedProfile as profile } from "../../src/profile/mod.ts"
import { type NostrEvent, systemEntropy as entropy } from "../../src/services/mod.ts"
import * as Effect from "effect/Effect"

const crypto = defaultCryptoProvider()
const NOW = 1_700_000_000

const person = async () => {
  const key = Secret.take(entropy.bytes(32))
  const seed = entropy.bytes(32)
  const signer = LocalSigner.make(key, entropy)
  const leaf = { signatureKey: crypto.ed25519PublicKey(seed) }
  const { proof } = await Effect.runPromise(authorizeLeaf(signer, leaf, NOW))
  const account = publicKeyOf(key)
  const own = buildKeyPackage({
    crypto,
    entropy,
    account,
    signatureSeed: seed,
    proof,
    now: BigInt(NOW),
  })
  return { account, own }
}

const people = () => Promise.all([person(), person(), person()])

const foundWith = (
  founder: { readonly account: GroupState["self"]; readonly own: OwnKeyPackage },
  invitees: ReadonlyArray<{ readonly own: OwnKeyPackage }>,
  retention?: bigint,
) =>
  found(profile, {
    crypto,
    entropy,
    now: NOW,
    position: 1,
    self: founder.account,
    creator: founder.own,
    name: "Burrow",
    description: "",
    relays: ["wss://b.example", "wss://a.example"],
    retention,
    invitees: invitees.map(({ own }) => own.keyPackage),
  })

const joinWith = (
  who: { readonly account: GroupState["self"]; readonly own: OwnKeyPackage },
  welcome: Uint8Array | undefined,
  author: GroupState["self"],
) =>
  openWelcome(profile, {
    crypto,
    self: who.account,
    position: 1,
    welcome: welcome ?? new Uint8Array(),
    keyPackages: [who.own],
    author,
  })

const take = (group: GroupState, event: NostrEvent) => {
  const bytes = openOuterLayer(group, readGroupEvent(event))
  assert.ok(bytes !== undefined)
  return receive(profile, group, bytes, encodeHex(messageDigest(crypto, bytes)))
}

const say = (group: GroupState, text: string) =>
  sealMessage(group, makeInnerEvent(group.self, BigInt(NOW), chatMessage(text)), {
    crypto,
    entropy,
  })

const refusal = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    return (error as { readonly reason: string }).reason
  }
  return "none"
}

describe("founding", () => {
  it("makes the context that MDK makes: order of extensions, requirements, dictionary", async () => {
    const [ann, bob] = await people()
    for (const retention of [undefined, 3600n]) {
      const { group } = foundWith(ann, [bob], retention)
      const tip = tipOf(group)!
      assert.deepEqual(tip.mls.extensions.map(({ type }) => type), [3, 6])
      const capabilities = encodeHex(tip.mls.extensions[0]!.data)
      assert.equal(capabilities, "020006" + "040008000a" + "00")
      const extra = retention === undefined ? [] : [0x8005]
      assert.deepEqual(
        [...tip.view.components.keys()],
        [0x0001, 0x8001, 0x8003, 0x8004, ...extra, 0x8006, 0x800b, 0x800c],
      )
      assert.deepEqual(
        tip.view.required,
        [0x8001, 0x8003, 0x8004, ...extra, 0x8006, 0x8009, 0x800b, 0x800c],
      )
      assert.equal(encodeHex(tip.view.components.get(0x8006)!), "010300001000000000000000")
      assert.deepEqual(tip.view.admins, [ann.account])
      assert.deepEqual(tip.view.routing.relays, ["wss://a.example", "wss://b.example"])
      assert.equal(tip.mls.groupId.length, 16)
      assert.equal(tip.mls.epoch, 1n)
    }
  })

  it("alone stays in epoch 0", async () => {
    const [ann] = await people()
    const { group, welcome } = foundWith(ann, [])
    assert.equal(tipOf(group)?.mls.epoch, 0n)
    assert.equal(welcome, undefined)
  })
})

describe("joining", () => {
  it("ends in the founder's state, and tells who invited", async () => {
    const [ann, bob, cleo] = await people()
    const { group, welcome } = foundWith(ann, [bob, cleo])
    for (const who of [bob, cleo]) {
      const joined = joinWith(who, welcome, ann.account)
      assert.equal(joined.inviter, ann.account)
      assert.equal(tipOf(joined.group)?.mls.stateId, tipOf(group)?.mls.stateId)
      assert.equal(joined.group.id, group.id)
    }
  })

  it("refuses a Welcome that somebody else passes on, and one for others", async () => {
    const [ann, bob, cleo] = await people()
    const { welcome } = foundWith(ann, [bob])
    assert.equal(refusal(() => joinWith(bob, welcome, cleo.account)), "wrong-inviter")
    assert.equal(refusal(() => joinWith(cleo, welcome, ann.account)), "not-for-us")
    assert.equal(refusal(() => joinWith(bob, welcome?.slice(1), ann.account)), "unsupported")
  })
})

describe("messages and commits", () => {
  it("are read by the others, once, and not by their sender", async () => {
    const [ann, bob] = await people()
    const founded = foundWith(ann, [bob])
    const bobs = joinWith(bob, founded.welcome, ann.account).group
    const sealed = say(founded.group, "hello")
    const received = take(bobs, sealed.event)
    assert.ok(received.disposition === "accepted")
    const [output] = received.outputs
    assert.ok(output?.tag === "message")
    assert.equal(output.event.content, "hello")
    assert.equal(output.event.pubkey, ann.account)
    assert.equal(output.byAdmin, true)
    assert.deepEqual(take(received.group, sealed.event), {
      disposition: "dropped",
      why: "duplicate",
    })
    assert.deepEqual(take(sealed.group, sealed.event), { disposition: "dropped", why: "own" })
    // The value before is as it was: it can read the message still.
    assert.equal(take(bobs, sealed.event).disposition, "accepted")
  })

  it("write one small row for a message, whatever came before", async () => {
    const [ann, bob, cleo] = await people()
    const founded = foundWith(ann, [bob, cleo])
    let bobs = joinWith(bob, founded.welcome, ann.account).group
    let anns = founded.group
    const sizes: Array<number> = []
    for (let n = 0; n < 30; n++) {
      const sealed = say(anns, `${n}`)
      anns = sealed.group
      const received = take(bobs, sealed.event)
      assert.ok(received.disposition === "accepted")
      const verbs = groupVerbs(bobs, received.group).filter(({ verb }) => verb === "put")
      sizes.push(verbs.length)
      const bytes = verbs.reduce((sum, verb) => sum + ("value" in verb ? verb.value.length : 0), 0)
      assert.ok(n === 0 || bytes < 400, `${bytes}`)
      bobs = received.group
    }
    assert.deepEqual(new Set(sizes.slice(1)), new Set([1]))
  })

  it("invite: prepared, pending, applied on both sides to the same state", async () => {
    const [ann, bob, cleo] = await people()
    const founded = foundWith(ann, [bob])
    const bobs = joinWith(bob, founded.welcome, ann.account).group
    const input = { crypto, entropy, now: NOW, intent: "i" }
    const prepared = prepareInvite(profile, founded.group, [cleo.own.keyPackage], input)
    assert.equal(tipOf(prepared.group)?.mls.stateId, tipOf(founded.group)?.mls.stateId)
    assert.equal(refusal(() => say(prepared.group, "too early")), "pending")
    assert.equal(
      refusal(() => prepareInvite(profile, prepared.group, [cleo.own.keyPackage], input)),
      "pending",
    )
    assert.equal(abandonPending(prepared.group).pending, undefined)
    const adopted = applyPending(profile, prepared.group)
    const received = take(bobs, prepared.event)
    assert.ok(received.disposition === "accepted")
    assert.equal(tipOf(adopted.group)?.mls.stateId, tipOf(received.group)?.mls.stateId)
    assert.deepEqual(adopted.moved.changes, [{
      type: "member_added",
      data: { subject: cleo.account },
    }])
    const [output] = received.outputs
    assert.ok(output?.tag === "moved")
    assert.deepEqual(output.changes, adopted.moved.changes)
    const cleos = joinWith(cleo, prepared.welcome, ann.account).group
    assert.equal(tipOf(cleos)?.mls.stateId, tipOf(adopted.group)?.mls.stateId)
    assert.equal(accountsOf(tipOf(cleos)!.mls).size, 3)
    // A late message of the epoch before is still read.
    const late = say(bobs, "late")
    assert.equal(take(adopted.group, late.event).disposition, "accepted")
    // A member that is ahead waits for the commit.
    const ahead = say(received.group, "ahead")
    assert.equal(openOuterLayer(founded.group, readGroupEvent(ahead.event)), undefined)
  })

  it("only an admin invites; a rival is neither applied nor breaks anything", async () => {
    const [ann, bob, cleo] = await people()
    const founded = foundWith(ann, [bob])
    const bobs = joinWith(bob, founded.welcome, ann.account).group
    const input = { crypto, entropy, now: NOW, intent: "i" }
    assert.equal(
      refusal(() => prepareInvite(profile, bobs, [cleo.own.keyPackage], input)),
      "not-admin",
    )
    assert.equal(
      refusal(() => prepareInvite(profile, founded.group, [bob.own.keyPackage], input)),
      "already-member",
    )
    const one = prepareInvite(profile, founded.group, [cleo.own.keyPackage], input)
    const two = prepareInvite(profile, founded.group, [cleo.own.keyPackage], input)
    const first = take(bobs, one.event)
    assert.ok(first.disposition === "accepted")
    assert.deepEqual(take(first.group, two.event), { disposition: "dropped", why: "rival" })
    const own = { ...two.group }
    assert.deepEqual(take(own, one.event), { disposition: "waiting", why: "own-commit" })
  })

  it("a removal ends the copy: it is inert, says so, and every part of it is dropped", async () => {
    const [ann, bob, cleo] = await people()
    const founded = foundWith(ann, [bob, cleo])
    const bobs = joinWith(bob, founded.welcome, ann.account).group
    const removal = commitAs(founded.group, [{ type: "remove", leafIndex: 1 }])
    const received = take(bobs, removal)
    assert.ok(received.disposition === "accepted")
    const { group, outputs } = received
    assert.equal(group.status, "removed")
    assert.deepEqual(group.states, [])
    assert.deepEqual(group.summary.members, [ann.account, cleo.account].toSorted())
    const [output] = outputs
    assert.ok(output?.tag === "moved")
    assert.deepEqual(output.changes, [{ type: "member_removed", data: { subject: bob.account } }])
    assert.ok(output.aspects.includes("status"))
    const dropped = groupVerbs(bobs, group).filter(({ verb }) => verb === "deleteRange")
    assert.equal(dropped.length, 2)
    assert.ok(dropsSecrets(bobs, group))
    assert.equal(refusal(() => say(group, "still here?")), "not-active")
    assert.equal(openOuterLayer(group, readGroupEvent(removal)), undefined)
  })

  it("a rotation of the address is followed, and the old one is still listened to", async () => {
    const [ann, bob] = await people()
    const founded = foundWith(ann, [bob])
    const bobs = joinWith(bob, founded.welcome, ann.account).group
    const address = "ab".repeat(32)
    const update = encodeNostrRouting({
      nostrGroupId: address,
      relays: ["wss://c.example" as never],
    })
    const rotation = commitAs(founded.group, [{
      type: "appDataUpdate",
      componentId: 0x8004,
      update,
    }])
    const received = take(bobs, rotation)
    assert.ok(received.disposition === "accepted")
    const old = tipOf(bobs)!.view.routing.nostrGroupId
    assert.deepEqual([...routesOf(received.group).keys()].toSorted(), [address, old].toSorted())
    const sent = say(received.group, "at the new address")
    assert.deepEqual(sent.event.tags, [["h", address]])
    assert.deepEqual(sent.relays, ["wss://c.example"])
    const [output] = received.outputs
    assert.ok(output?.tag === "moved")
    assert.deepEqual([output.aspects, output.changes], [["relays"], []])
  })

  it("five states are kept for late messages, and the sixth is gone", async () => {
    const [ann, bob] = await people()
    const founded = foundWith(ann, [bob])
    let bobs = joinWith(bob, founded.welcome, ann.account).group
    let anns = founded.group
    const late = [say(anns, "epoch 1").event]
    for (let n = 0; n < 6; n++) {
      const update = encodeGroupProfile({ name: `name ${n}`, description: "" })
      const rename = commitAs(anns, [{ type: "appDataUpdate", componentId: 0x8001, update }])
      const received = take(bobs, rename)
      assert.ok(received.disposition === "accepted")
      bobs = received.group
      anns = lastOwn!
      if (n < 5) late.push(say(anns, `epoch ${n + 2}`).event)
    }
    assert.equal(bobs.states.length, 6)
    assert.equal(openOuterLayer(bobs, readGroupEvent(late[0]!)), undefined)
    for (const event of late.slice(1)) assert.equal(take(bobs, event).disposition, "accepted")
  })
})

let lastOwn: GroupState | undefined

/** A commit that the engine itself does not make, as another program would. */
function commitAs(group: GroupState, proposals: ReadonlyArray<InlineProposal>): NostrEvent {
  const tip = tipOf(group)!
  const made = commit(tip.mls, { entropy, references: [], proposals, path: "auto" })
  lastOwn = { ...group, states: [retain(profile, made.next), ...group.states] }
  return sealGroupEvent({
    nostrGroupId: tip.view.routing.nostrGroupId,
    key: tip.outerKey.bytes,
    message: made.message,
    createdAt: NOW,
  }, entropy)
}
