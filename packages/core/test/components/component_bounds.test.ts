import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { decodeHex, encodeHex } from "@mdk/core/codec"
import { parsePublicKey, parseSecretKey, publicKeyOf } from "@mdk/core/identity"
import {
  canonicalMediaType,
  checkGroupComponent,
  ComponentError,
  ComponentId,
  decodeAdminPolicy,
  decodeAvatarUrl,
  decodeComponentList,
  decodeDictionary,
  decodeMessageRetention,
  decodeSafeAad,
  encodeAdminPolicy,
  encodeAvatarUrl,
  encodeBlossomImage,
  encodeComponentList,
  encodeDictionary,
  encodeEncryptedMedia,
  encodeGroupProfile,
  encodeMessageRetention,
  encodeNostrRouting,
  isLastResort,
  isRelayUrl,
  lastResortDictionary,
  leafComponents,
  leafDictionary,
  leafProof,
  type RelayUrl,
  requireNoProof,
  supportedComponents,
} from "../../src/components/mod.ts"

const relay = (text: string): RelayUrl => {
  assert.ok(isRelayUrl(text), text)
  return text
}
const refuses = (component: number, reason: string, body: () => unknown): void => {
  assert.throws(
    body,
    (error) =>
      error instanceof ComponentError && error.component === component && error.reason === reason,
  )
}

describe("dictionaries", () => {
  it("are the bytes of the specification", () => {
    assert.equal(encodeHex(encodeDictionary(lastResortDictionary)), "03000400")
    assert.equal(
      encodeHex(encodeComponentList([0x8009, 0x8001, 0x800c, 0x8003, 0x8001])),
      "08800180038009800c",
    )
  })

  it("give back what was written, unknown components included", () => {
    const entry = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 80 }))
    fc.assert(fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const dictionary = new Map(entries)
      const again = decodeDictionary(encodeDictionary(dictionary))
      assert.deepEqual([...again], [...dictionary].sort((a, b) => a[0] - b[0]))
    }))
  })

  it("are refused unsorted, repeated, long-formed, truncated or with bytes behind", () => {
    refuses(0, "not-canonical", () => decodeDictionary(decodeHex("06800300800100")))
    refuses(0, "not-canonical", () => decodeDictionary(decodeHex("06800300800300")))
    refuses(0, "non-minimal-length", () => decodeDictionary(decodeHex("4003800300")))
    refuses(0, "truncated", () => decodeDictionary(decodeHex("04800301")))
    refuses(0, "trailing-bytes", () => decodeDictionary(decodeHex("0380030000")))
  })

  it("own their bytes", () => {
    const bytes = decodeHex("0480030107")
    const dictionary = decodeDictionary(bytes)
    bytes.fill(0)
    assert.deepEqual(dictionary.get(0x8003), new Uint8Array([7]))
  })

  it("mark a last resort by an empty entry only", () => {
    assert.equal(isLastResort(undefined), false)
    assert.equal(isLastResort(decodeHex("00")), false)
    assert.equal(isLastResort(decodeHex("03000400")), true)
    refuses(ComponentId.lastResort, "invalid-value", () => isLastResort(decodeHex("0400040100")))
  })
})

describe("leaf dictionaries", () => {
  const proof = new Uint8Array(104).fill(7)

  it("have the layout of real ones", () => {
    assert.equal(
      encodeHex(leafDictionary(proof)),
      "408a" + "0001" + "17" + "16" + "0001800180028003800480058006800780098" + "00b800c" +
        "00020100" + "80094068" + "07".repeat(104),
    )
    assert.deepEqual(leafComponents(leafDictionary(proof)), supportedComponents)
    assert.deepEqual(leafProof(leafDictionary(proof)), proof)
    assert.ok(!supportedComponents.includes(0x8008))
  })

  it("must hold and list the proof, and nobody else may hold one", () => {
    const proofOf = (entries: ReadonlyArray<readonly [number, Uint8Array]>) => () =>
      leafProof(encodeDictionary(new Map(entries)))
    const list = encodeComponentList([0x8009])
    assert.throws(() => leafProof(undefined), { _tag: "ProofError", reason: "missing" })
    assert.throws(proofOf([[1, list]]), { reason: "missing" })
    assert.throws(proofOf([[0x8009, proof]]), { reason: "not-supported" })
    assert.throws(proofOf([[1, encodeComponentList([0x8003])], [0x8009, proof]]), {
      reason: "not-supported",
    })
    assert.throws(proofOf([[1, decodeHex("0480038001")], [0x8009, proof]]), { reason: "malformed" })
    assert.throws(() => leafProof(decodeHex("ff")), { reason: "malformed" })
    assert.deepEqual(proofOf([[1, list], [0x8009, proof]])(), proof)
    requireNoProof(undefined)
    requireNoProof(encodeDictionary(lastResortDictionary))
    assert.throws(() => requireNoProof(leafDictionary(proof)), { reason: "misplaced" })
  })

  it("list SafeAAD abilities in order", () => {
    assert.deepEqual(decodeSafeAad(decodeHex("00")), [])
    refuses(2, "not-canonical", () => decodeSafeAad(decodeHex("0480018001")))
  })
})

describe("group components", () => {
  const alice = publicKeyOf(parseSecretKey(`${"0".repeat(63)}3`))
  const bob = publicKeyOf(parseSecretKey(`${"0".repeat(63)}1`))

  it("keep admins sorted, once each, and at least one", () => {
    const bytes = encodeAdminPolicy([alice, bob, alice])
    assert.deepEqual(decodeAdminPolicy(bytes), [bob, alice].sort())
    refuses(0x8003, "invalid-value", () => decodeAdminPolicy(decodeHex("00")))
    refuses(0x8003, "invalid-value", () => encodeAdminPolicy([]))
    refuses(0x8003, "truncated", () => decodeAdminPolicy(bytes.slice(0, -1)))
    refuses(0x8003, "truncated", () => decodeAdminPolicy(decodeHex("0107")))
    const swapped = new Uint8Array([0x40, 0x40, ...bytes.slice(34), ...bytes.slice(2, 34)])
    refuses(0x8003, "not-canonical", () => decodeAdminPolicy(swapped))
    refuses(
      0x8003,
      "not-canonical",
      () =>
        decodeAdminPolicy(
          new Uint8Array([0x40, 0x40, ...bytes.slice(2, 34), ...bytes.slice(2, 34)]),
        ),
    )
  })

  it("hold retention in eight bytes", () => {
    assert.equal(encodeHex(encodeMessageRetention(86_400n)), "0000000000015180")
    assert.equal(decodeMessageRetention(decodeHex("ffffffffffffffff")), 2n ** 64n - 1n)
    refuses(0x8005, "truncated", () => decodeMessageRetention(decodeHex("00000000000151")))
    refuses(0x8005, "trailing-bytes", () => decodeMessageRetention(new Uint8Array(9)))
  })

  it("are never written so that nobody could read them", () => {
    refuses(0x8001, "limit", () => encodeGroupProfile({ name: "é".repeat(129), description: "" }))
    refuses(0x8001, "limit", () => encodeGroupProfile({ name: "", description: "d".repeat(4097) }))
    refuses(0x8001, "invalid-value", () => encodeGroupProfile({ name: "\ud800", description: "" }))
    encodeGroupProfile({ name: "é".repeat(128), description: "d".repeat(4096) })
    const nostrGroupId = "07".repeat(32)
    const many = Array.from({ length: 17 }, (_, i) => relay(`wss://r${i}.example`))
    refuses(0x8004, "limit", () => encodeNostrRouting({ nostrGroupId, relays: many }))
    refuses(0x8004, "invalid-value", () => encodeNostrRouting({ nostrGroupId, relays: [] }))
    refuses(
      0x8004,
      "invalid-value",
      () => encodeNostrRouting({ nostrGroupId: "07", relays: many.slice(1) }),
    )
    encodeNostrRouting({ nostrGroupId, relays: [...many.slice(1), ...many.slice(1)] })
    const field = (length: number) => new Uint8Array(length)
    const image = {
      hash: field(32),
      key: field(32),
      nonce: field(12),
      uploadKey: field(32),
      mediaType: "image/png",
    }
    encodeBlossomImage(image)
    refuses(0x8002, "invalid-value", () => encodeBlossomImage({ ...image, key: field(31) }))
    refuses(0x8002, "not-canonical", () => encodeBlossomImage({ ...image, mediaType: "image/jpg" }))
    refuses(0x8002, "invalid-value", () => encodeBlossomImage({ ...image, mediaType: "" }))
    const hints = { dimensions: field(0), thumbhash: field(0) }
    refuses(0x8007, "invalid-value", () => encodeAvatarUrl({ ...hints, url: "" }))
    refuses(
      0x8007,
      "limit",
      () => encodeAvatarUrl({ ...hints, url: `https://i.example/${"p".repeat(2048)}` }),
    )
    const endpoint = { locatorKind: "blossom-v1", baseUrl: "https://b.example" }
    const media = { allowedLocatorKinds: ["blossom-v1"], defaultBlobEndpoints: [endpoint] }
    assert.ok(new TextDecoder().decode(encodeEncryptedMedia(media)).endsWith("https://b.example/"))
    refuses(
      0x800b,
      "invalid-value",
      () => encodeEncryptedMedia({ ...media, allowedLocatorKinds: [] }),
    )
    refuses(
      0x800b,
      "not-canonical",
      () =>
        encodeEncryptedMedia({
          ...media,
          defaultBlobEndpoints: [endpoint, { ...endpoint, baseUrl: "https://b.example/" }],
        }),
    )
  })

  it("have bounds that hold exactly", () => {
    const field = (length: number) => new Uint8Array(length)
    const image = { hash: field(32), key: field(32), nonce: field(12), uploadKey: field(32) }
    const part = "b".repeat(64)
    encodeBlossomImage({ ...image, mediaType: `${part.slice(1)}/${part}` })
    refuses(0x8002, "limit", () => encodeBlossomImage({ ...image, mediaType: `${part}/${part}` }))
    refuses(0x8007, "invalid-value", () => decodeAvatarUrl(decodeHex("0001780178")))
    const kinds = (count: number) => Array.from({ length: count }, (_, i) => `kind-${i}`)
    const endpoints = (count: number) =>
      kinds(count).map((_, i) => ({ locatorKind: "kind-0", baseUrl: `https://b${i}.example/` }))
    const media = (kindCount: number, endpointCount: number) => () =>
      encodeEncryptedMedia({
        allowedLocatorKinds: kinds(kindCount),
        defaultBlobEndpoints: endpoints(endpointCount),
      })
    media(16, 16)()
    refuses(0x800b, "limit", media(17, 1))
    refuses(0x800b, "limit", media(1, 17))
    const url = (length: number) => () =>
      encodeEncryptedMedia({
        allowedLocatorKinds: ["k"],
        defaultBlobEndpoints: [{
          locatorKind: "k",
          baseUrl: "https://b.example/".padEnd(length, "p"),
        }],
      })
    url(2048)()
    refuses(0x800b, "limit", url(2049))
  })

  it("are known, unknown or out of place", () => {
    assert.equal(checkGroupComponent(0x800c, decodeHex("00")), "known")
    assert.equal(checkGroupComponent(0x8008, decodeHex("ff")), "unknown")
    assert.equal(checkGroupComponent(0x800f, decodeHex("0000")), "unknown")
    for (const id of [0x0002, 0x0004, 0x8009]) {
      refuses(id, "invalid-value", () => checkGroupComponent(id, new Uint8Array()))
    }
    refuses(0x800c, "invalid-value", () => checkGroupComponent(0x800c, decodeHex("02")))
  })

  it("survive any bytes with a typed error", () => {
    const ids = fc.constantFrom(...supportedComponents)
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 300 }), (id, bytes) => {
        try {
          checkGroupComponent(id, bytes)
        } catch (error) {
          assert.ok(error instanceof ComponentError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe("media types", () => {
  it("have one form", () => {
    assert.equal(canonicalMediaType(" Image/JPG ; q=1"), "image/jpeg")
    assert.equal(canonicalMediaType("image/svg+xml"), "image/svg+xml")
    for (
      const text of [
        "",
        "image",
        "image/",
        "/png",
        "a/b/c",
        "ima ge/png",
        `a/${"b".repeat(65)}`,
        "é/b",
      ]
    ) {
      assert.equal(canonicalMediaType(text), undefined, text)
    }
  })
})

describe("errors", () => {
  it("say which component, and nothing of its state", () => {
    try {
      decodeComponentList(decodeHex("0480038001"))
      assert.fail()
    } catch (error) {
      assert.ok(error instanceof ComponentError)
      assert.equal(error.message, "component 0x0001: not-canonical")
      assert.ok(!JSON.stringify(error).includes("8003"))
    }
    assert.throws(() => parsePublicKey("x"))
  })
})
