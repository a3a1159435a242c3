import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import { encodeHex } from "@mdk/core/codec"
import { defaultCryptoProvider } from "@mdk/core/crypto"
import {
  authorizeLeaf,
  makeLocalSigner,
  parseSecretKey,
  publicKeyOf,
  publicKeyToBytes,
  signEvent,
} from "@mdk/core/identity"
import {
  generateKeyPackage,
  type GenerateKeyPackageOptions,
  MARMOT_MAX_LIFETIME,
  wipeOwnKeyPackage,
} from "@mdk/core/mls"
import { newKeyPackageSlot, readKeyPackageEvent } from "@mdk/core/nostr"
import type { EventTemplate, NostrEvent, SignerService } from "@mdk/core/services"
import {
  defaultAgentTextStream,
  encodeComponentList,
  encodeDictionary,
  supportedComponents,
} from "../../src/components/mod.ts"
import {
  canJoin,
  chooseKeyPackage,
  createKeyPackage,
  KeyPackageError,
  keyPackageLifetime,
  leafCapabilities,
  leafExtensions,
  mustForget,
  needsReplacement,
  ownKeyPackageTemplate,
  type OwnPublication,
  type PublishedKeyPackage,
  refreshTime,
  roleCapabilities,
  satisfies,
  validateKeyPackageBytes,
  validateKeyPackageEvent,
} from "../../src/key-package/mod.ts"
import { seededEntropy } from "../seeded_entropy.ts"

const crypto = defaultCryptoProvider()
const entropy = seededEntropy("key packages")
const now = 1_800_000_000n
const alice = parseSecretKey(`${"0".repeat(63)}3`)
const signer = makeLocalSigner(alice, entropy)
const noise = new Uint8Array(32)
const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(effect)
const create = (lastResort?: boolean) =>
  run(
    createKeyPackage({
      crypto,
      entropy,
      signer,
      now,
      ...(lastResort === undefined ? {} : { lastResort }),
    }),
  )
const slot = newKeyPackageSlot(entropy)

const reason = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    if (!(error instanceof KeyPackageError)) throw error
    return error.reason
  }
  return "accepted"
}

describe("own KeyPackages", () => {
  it("are valid for everybody", async () => {
    const own = await create()
    const event = signEvent(alice, ownKeyPackageTemplate(own, slot, Number(now)), noise)
    const valid = validateKeyPackageEvent(event, { crypto, now })
    assert.equal(valid.account, publicKeyOf(alice))
    assert.equal(valid.ref, encodeHex(own.ref))
    assert.equal(valid.slot, slot)
    assert.equal(valid.lastResort, true)
    assert.deepEqual(valid.lifetime, {
      notBefore: now - 3600n,
      notAfter: now - 3600n + MARMOT_MAX_LIFETIME,
    })
    assert.deepEqual(event.tags, [
      ["d", slot],
      ["mls_protocol_version", "1.0"],
      ["i", encodeHex(own.ref)],
      ["mls_ciphersuite", "0x0001"],
      ["mls_extensions", "0x0003", "0x0006", "0xf2d1"],
      ["mls_proposals", "0x0008", "0x000a"],
      [
        "app_components",
        "0x8001",
        "0x8002",
        "0x8003",
        "0x8004",
        "0x8005",
        "0x8006",
        "0x8007",
        "0x8009",
        "0x800b",
        "0x800c",
      ],
    ])
  })

  it("can join the groups that MDK founds", () => {
    const requirement = {
      extensions: [0x0006, ...roleCapabilities(defaultAgentTextStream)],
      proposals: [0x0008, 0x000a],
      components: [0x8001, 0x8003, 0x8004, 0x8005, 0x8006, 0x8009, 0x800b, 0x800c],
    }
    assert.ok(canJoin(requirement))
    assert.deepEqual(roleCapabilities({ ...defaultAgentTextStream, requiredRoles: 7 }), [
      0xf2d1,
      0xf2d2,
      0xf2d4,
    ])
    assert.ok(!canJoin({ ...requirement, extensions: [0xf2d2] }))
    assert.ok(!canJoin({ ...requirement, components: [0x8008] }))
    assert.ok(!canJoin({ ...requirement, proposals: [0x0009] }))
    assert.ok(satisfies({ capabilities: { extensions: [], proposals: [] }, components: [] }, {
      extensions: [1, 5],
      proposals: [1, 7],
      components: [],
    }))
  })

  it("have keys of their own each time, and wipe them", async () => {
    const [a, b] = [await create(), await create()]
    assert.notDeepEqual(a.ref, b.ref)
    assert.ok(!a.signatureSeed.equals(b.signatureSeed))
    wipeOwnKeyPackage(a)
    assert.ok(a.initKey.wiped && a.leafKey.wiped && a.signatureSeed.wiped)
  })

  it("are marked as last resort, or not", async () => {
    const single = await create(false)
    const valid = validateKeyPackageBytes(single.message, { crypto, now })
    assert.equal(valid.lastResort, false)
    assert.deepEqual(single.keyPackage.extensions, [])
  })

  it("are not made when the signer refuses or cheats", async () => {
    const cheating: SignerService = {
      ...signer,
      sign: (template) => signer.sign({ ...template, created_at: template.created_at + 1 }),
    }
    const error = await run(
      Effect.flip(createKeyPackage({ crypto, entropy, signer: cheating, now })),
    )
    assert.deepEqual([error.operation, error.reason], ["sign", "invalid"])
  })
})

describe("other people's KeyPackages", () => {
  const seed = new Uint8Array(32).fill(9)
  const signatureKey = crypto.ed25519PublicKey(seed)
  const made = async (change: Partial<GenerateKeyPackageOptions> = {}): Promise<Uint8Array> => {
    const { proof } = await run(authorizeLeaf(signer, { signatureKey }, Number(now)))
    return generateKeyPackage({
      crypto,
      entropy,
      identity: publicKeyToBytes(publicKeyOf(alice)),
      signatureSeed: seed,
      capabilities: leafCapabilities,
      leafExtensions: leafExtensions(proof),
      lifetime: keyPackageLifetime(now),
      ...change,
    }).message
  }
  const verdict = async (change: Partial<GenerateKeyPackageOptions> = {}) => {
    const message = await made(change)
    return reason(() => validateKeyPackageBytes(message, { crypto, now }))
  }

  it("need a proof for their own key and account", async () => {
    assert.equal(await verdict(), "accepted")
    assert.equal(await verdict({ leafExtensions: [] }), "bad-proof")
    assert.equal(await verdict({ signatureSeed: new Uint8Array(32).fill(8) }), "bad-proof")
    assert.equal(
      await verdict({
        identity: publicKeyToBytes(publicKeyOf(parseSecretKey(`${"0".repeat(63)}4`))),
      }),
      "bad-proof",
    )
    assert.equal(await verdict({ identity: new Uint8Array(32) }), "bad-proof")
    const outer = { type: 6, data: new Uint8Array([4, 0x80, 0x09, 1, 0]) }
    assert.equal(await verdict({ keyPackageExtensions: [outer] }), "bad-proof")
  })

  it("need a readable list of SafeAAD abilities, where they have one", async () => {
    const { proof } = await run(authorizeLeaf(signer, { signatureKey }, Number(now)))
    const dictionary = (safeAad: ReadonlyArray<number>) => ({
      leafExtensions: [{
        type: 6,
        data: encodeDictionary(
          new Map([
            [1, encodeComponentList(supportedComponents)],
            [2, new Uint8Array(safeAad)],
            [0x8009, proof],
          ]),
        ),
      }],
    })
    assert.equal(await verdict(dictionary([0])), "accepted")
    assert.equal(await verdict(dictionary([2, 0x80, 0x01])), "accepted")
    assert.equal(await verdict(dictionary([1, 0])), "malformed")
  })

  it("need a lifetime within bounds", async () => {
    const notBefore = now - 3600n
    const until = (notAfter: bigint) => verdict({ lifetime: { notBefore, notAfter } })
    assert.equal(await until(notBefore + MARMOT_MAX_LIFETIME), "accepted")
    assert.equal(await until(notBefore + MARMOT_MAX_LIFETIME + 1n), "bad-lifetime")
    assert.equal(await until(now - 1n), "bad-lifetime")
    assert.equal(await until(now), "accepted")
  })

  it("need the capabilities of every Marmot leaf", async () => {
    assert.equal(
      await verdict({ capabilities: { ...leafCapabilities, proposals: [0x000a] } }),
      "unsupported",
    )
    assert.notEqual(
      await verdict({ capabilities: { ...leafCapabilities, extensions: [0x0003] } }),
      "accepted",
    )
  })

  it("may mark the last resort as an earlier draft did, not by a filled entry", async () => {
    const extensions = [...leafCapabilities.extensions, 0x000a]
    const draft = await made({
      capabilities: { ...leafCapabilities, extensions },
      keyPackageExtensions: [{ type: 0x000a, data: new Uint8Array() }],
    })
    assert.equal(validateKeyPackageBytes(draft, { crypto, now }).lastResort, true)
    const filled = { type: 6, data: new Uint8Array([4, 0, 4, 1, 0]) }
    assert.equal(await verdict({ keyPackageExtensions: [filled] }), "malformed")
  })

  it("are published by their account, with tags that say the same", async () => {
    const own = await create()
    const template = ownKeyPackageTemplate(own, slot, Number(now))
    const signed = (change: Partial<EventTemplate>, key = alice): NostrEvent =>
      signEvent(key, { ...template, ...change }, noise)
    const check = (event: NostrEvent) =>
      reason(() => validateKeyPackageEvent(event, { crypto, now }))
    const tags = (change: (tags: Array<Array<string>>) => void) => {
      const copy = template.tags.map((tag) => [...tag])
      change(copy)
      return check(signed({ tags: copy }))
    }
    assert.equal(check(signed({})), "accepted")
    assert.equal(check(signed({}, parseSecretKey(`${"0".repeat(63)}4`))), "wrong-author")
    assert.equal(check(signed({ kind: 443 })), "malformed")
    assert.equal(check(signed({ content: "" })), "malformed")
    assert.equal(check(signed({ content: `${template.content}\n` })), "malformed")
    assert.equal(tags((t) => t.splice(0, 1)), "malformed")
    assert.equal(tags((t) => t[0]?.splice(1, 1, "")), "malformed")
    assert.equal(tags((t) => t[2]?.splice(1, 1, "00".repeat(32))), "tags-differ")
    assert.equal(tags((t) => t[4]?.pop()), "tags-differ")
    assert.equal(tags((t) => t[5]?.push("0x0001")), "tags-differ")
    assert.equal(tags((t) => t[6]?.pop()), "tags-differ")
    assert.equal(tags((t) => t[6]?.splice(1, 1, "0x8008")), "tags-differ")
    assert.equal(tags((t) => t[6]?.push("0X8001")), "malformed")
    assert.equal(tags((t) => t[6]?.splice(8, 1)), "malformed")
    assert.equal(tags((t) => t.push(["mls_proposals", "0x0008", "0x000a"])), "malformed")
    // Other clients are lenient here, and so are we.
    assert.equal(tags((t) => t[0]?.splice(1, 1, "my slot")), "accepted")
    assert.equal(tags((t) => t.push(["d", "second"], ["client", "x"])), "accepted")
    assert.equal(tags((t) => t[2]?.push("more")), "accepted")
    assert.equal(tags((t) => t[6]?.reverse().unshift("app_components")), "malformed")
    assert.equal(
      tags((t) => t.splice(6, 1, ["app_components", ...(t[6] ?? []).slice(1).reverse()])),
      "accepted",
    )
    assert.equal(tags((t) => t[6]?.push("0x8001")), "accepted")
  })

  it("are written strictly", async () => {
    const own = await create()
    assert.throws(() => ownKeyPackageTemplate(own, "slot", 1), {
      _tag: "EnvelopeError",
      reason: "bad-tags",
    })
    const event = signEvent(alice, ownKeyPackageTemplate(own, slot, 1), noise)
    assert.deepEqual(readKeyPackageEvent(event).message, own.message)
  })
})

describe("choice", () => {
  const requirement = { extensions: [6], proposals: [8], components: [0x8003] }
  let base: PublishedKeyPackage
  const of = async (part: Partial<PublishedKeyPackage>): Promise<PublishedKeyPackage> => {
    base ??= validateKeyPackageEvent(
      signEvent(alice, ownKeyPackageTemplate(await create(), slot, Number(now)), noise),
      { crypto, now },
    )
    return { ...base, ...part }
  }

  it("prefers what is not last resort, then the freshest, then the lower reference", async () => {
    const best = await of({ slot: "a", lastResort: false, createdAt: 5, ref: "b" })
    const others = [
      await of({ slot: "b", lastResort: true, createdAt: 9, ref: "a" }),
      await of({ slot: "c", lastResort: false, createdAt: 4, ref: "a" }),
      await of({ slot: "d", lastResort: false, createdAt: 5, ref: "c" }),
    ]
    assert.equal(chooseKeyPackage([...others, best], requirement), best)
    assert.equal(chooseKeyPackage([best, ...others].reverse(), requirement), best)
  })

  it("takes the newest of each slot, even when an older one would fit", async () => {
    const old = await of({ slot: "a", createdAt: 1, eventId: "a" })
    const replaced = await of({ slot: "a", createdAt: 2, eventId: "b", components: [] })
    assert.equal(chooseKeyPackage([old, replaced], requirement), "incompatible")
    const tie = await of({ slot: "a", createdAt: 2, eventId: "a" })
    assert.equal(chooseKeyPackage([replaced, tie], requirement), tie)
    assert.equal(chooseKeyPackage([], requirement), "none")
  })
})

describe("rotation", () => {
  const publication: OwnPublication = {
    ref: new Uint8Array(32).fill(3),
    lifetime: { notBefore: 0n, notAfter: 100n * 86_400n },
    lastResort: true,
    used: false,
    replaced: false,
  }

  it("happens 14 to 21 days before the end, at a moment that survives restarts", () => {
    for (const fill of [0, 1, 100, 255]) {
      const at = refreshTime({ ...publication, ref: new Uint8Array(32).fill(fill) })
      assert.ok(at <= 86n * 86_400n && at > 79n * 86_400n)
    }
    const at = refreshTime(publication)
    assert.equal(needsReplacement(publication, at - 1n), false)
    assert.equal(needsReplacement(publication, at), true)
    assert.equal(needsReplacement({ ...publication, used: true }, 0n), true)
    assert.equal(needsReplacement({ ...publication, used: true, replaced: true }, at), false)
  })

  it("forgets private keys as soon as it may", () => {
    const { notAfter } = publication.lifetime
    assert.equal(mustForget(publication, notAfter), false)
    assert.equal(mustForget(publication, notAfter + 1n), true)
    assert.equal(mustForget({ ...publication, used: true }, 0n), false)
    assert.equal(mustForget({ ...publication, replaced: true }, 0n), true)
    assert.equal(mustForget({ ...publication, lastResort: false }, 0n), false)
    assert.equal(mustForget({ ...publication, lastResort: false, used: true }, 0n), true)
  })
})
