import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import { encodeHex, encodeUtf8 } from "../../src/codec/mod.ts"
import { ComponentId, encodeComponentList } from "../../src/components/mod.ts"
import { defaultCryptoProvider, Secret } from "../../src/crypto/mod.ts"
import {
  found,
  type GroupState,
  openWelcome,
  receive,
  type Received,
  tipOf,
} from "../../src/group/mod.ts"
import { authorizeLeaf, LocalSigner, publicKeyOf } from "../../src/identity/mod.ts"
import { buildKeyPackage } from "../../src/key-package/mod.ts"
import {
  commit,
  messageDigest,
  type MlsGroup,
  processMessage,
  propose,
  seal,
} from "../../src/mls/mod.ts"
import { adoptedProfile as profile } from "../../src/profile/mod.ts"
import { systemEntropy as entropy } from "../../src/services/mod.ts"

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

/** The copies of a founder and of whom it invited. */
const groupOfThree = async () => {
  const [ann, bob, cleo] = await Promise.all([person(), person(), person()])
  const founded = found(profile, {
    crypto,
    entropy,
    now: NOW,
    position: 1,
    self: ann.account,
    creator: ann.own,
    name: "Burrow",
    description: "",
    relays: ["wss://a.example"],
    retention: undefined,
    invitees: [bob.own.keyPackage, cleo.own.keyPackage],
  })
  const joined = [bob, cleo].map(({ account, own }) =>
    openWelcome(profile, {
      crypto,
      self: account,
      position: 1,
      welcome: founded.welcome ?? new Uint8Array(),
      keyPackages: [own],
      author: ann.account,
    }).group
  )
  return [founded.group, ...joined] as [GroupState, GroupState, GroupState]
}

const take = (group: GroupState, message: Uint8Array): Received =>
  receive(profile, group, message, encodeHex(messageDigest(crypto, message)))

const departure = (group: GroupState, n: number): Uint8Array =>
  propose(tipOf(group)!.mls, { type: "selfRemove" }, {
    entropy,
    wireFormat: "public",
    authenticatedData: new Uint8Array([n]),
  }).message

describe("proposals of one member", () => {
  it("use up no place of the others, and what is too much is not forgotten", async () => {
    const [ann, bob, cleo] = await groupOfThree()
    let group = ann
    for (let n = 0; n < 8; n++) {
      const taken = take(group, departure(bob, n))
      assert.ok(taken.disposition === "accepted")
      group = taken.group
    }
    const more = departure(bob, 8)
    assert.deepEqual(take(group, more), { disposition: "waiting", why: "policy" })
    assert.equal(take(group, departure(cleo, 0)).disposition, "accepted")
  })
})

describe("messages of one sender", () => {
  it("wait when too many before them are missing, and tell how many are", async () => {
    const [ann, bob] = await groupOfThree()
    let sender: MlsGroup = tipOf(ann)!.mls
    const sent: Array<Uint8Array> = []
    for (let n = 0; n < 1002; n++) {
      const sealed = seal(sender, encodeUtf8("not an inner event"), { entropy })
      sender = sealed.group
      sent.push(sealed.message)
    }
    const missing = (group: MlsGroup, message: Uint8Array | undefined): number => {
      const read = processMessage(group, message ?? new Uint8Array(), profile.policy)
      assert.ok(read.kind === "application")
      return read.missing
    }
    assert.deepEqual(take(bob, sent[1001]!), { disposition: "waiting", why: "ahead" })
    assert.deepEqual(take(bob, sent[1000]!).disposition, "accepted")
    assert.equal(missing(tipOf(bob)!.mls, sent[0]), 0)
    assert.equal(missing(tipOf(bob)!.mls, sent[3]), 3)
    assert.equal(missing(tipOf(bob)!.mls, sent[1000]), 99)
    const first = take(bob, sent[3]!)
    assert.ok(first.disposition === "accepted")
    assert.equal(missing(tipOf(first.group)!.mls, sent[1]), 2)
    assert.equal(take(first.group, sent[1001]!).disposition, "accepted")
  })
})

describe("a commit that requires a component this library does not know", () => {
  it("waits for a version that does, when an admin made it", async () => {
    const [ann, bob] = await groupOfThree()
    const required = tipOf(ann)!.view.required
    const { message } = commit(tipOf(ann)!.mls, {
      entropy,
      references: [],
      path: "auto",
      proposals: [
        {
          type: "appDataUpdate",
          componentId: ComponentId.appComponents,
          update: encodeComponentList([...required, 0xf123].sort((a, b) => a - b)),
        },
        { type: "appDataUpdate", componentId: 0xf123, update: new Uint8Array([1]) },
      ],
    })
    assert.deepEqual(take(bob, message), { disposition: "waiting", why: "unsupported" })
    const stranger = commit(tipOf(bob)!.mls, {
      entropy,
      references: [],
      path: "auto",
      proposals: [{
        type: "appDataUpdate",
        componentId: ComponentId.appComponents,
        update: encodeComponentList([...required, 0xf123].sort((a, b) => a - b)),
      }],
    })
    assert.deepEqual(take(ann, stranger.message), { disposition: "dropped", why: "refused" })
  })
})
