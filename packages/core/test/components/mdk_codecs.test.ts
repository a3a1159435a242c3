/**
 * Component bytes with the verdict of the reference engine.
 */
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { decodeHex, encodeHex } from "@mdk/core/codec"
import {
  checkGroupComponent,
  ComponentError,
  decodeAdminPolicy,
  decodeAgentTextStream,
  decodeAvatarUrl,
  decodeBlossomImage,
  decodeComponentList,
  decodeEncryptedMedia,
  decodeGroupLifecycle,
  decodeGroupProfile,
  decodeMessageRetention,
  decodeNostrRouting,
  encodeAdminPolicy,
  encodeAgentTextStream,
  encodeAvatarUrl,
  encodeBlossomImage,
  encodeComponentList,
  encodeDictionary,
  encodeEncryptedMedia,
  encodeGroupLifecycle,
  encodeGroupProfile,
  encodeMessageRetention,
  encodeNostrRouting,
  expiryOf,
} from "../../src/components/mod.ts"
import { findObjects, mdkBytesFiles, mdkHead, mdkHeadFiles, needsMdkHead } from "../mdk_vectors.ts"
import { needsVectors } from "../../../../tests/vectors/vector_files.ts"

interface Case {
  readonly component: string
  readonly name: string
  readonly bytes: string
  readonly accepted: boolean
  readonly decoded: unknown
}
interface Codecs {
  readonly components: ReadonlyArray<Case>
  readonly retention: ReadonlyArray<
    { readonly created_at: string; readonly seconds: string; readonly expires_at: string | null }
  >
}

/** Decodes; returns the re-encoding and the value in the shape of the vectors. */
const codecs: Readonly<Record<string, (bytes: Uint8Array) => readonly [Uint8Array, unknown]>> = {
  "0x0001": (bytes) => {
    const ids = decodeComponentList(bytes)
    return [encodeComponentList(ids), ids.map((id) => `0x${id.toString(16).padStart(4, "0")}`)]
  },
  "0x8001": (bytes) => {
    const state = decodeGroupProfile(bytes)
    return [encodeGroupProfile(state), state]
  },
  "0x8002": (bytes) => {
    const state = decodeBlossomImage(bytes)
    const view = { media_type: state?.mediaType ?? "", present: state !== undefined }
    return [encodeBlossomImage(state), view]
  },
  "0x8004": (bytes) => {
    const state = decodeNostrRouting(bytes)
    return [encodeNostrRouting(state), { nostr_group_id: state.nostrGroupId, relays: state.relays }]
  },
  "0x8006": (bytes) => {
    const s = decodeAgentTextStream(bytes)
    const text = `AgentTextStreamQuicPolicyV1 { required_member_roles: ${s.requiredRoles}, ` +
      `allowed_member_roles: ${s.allowedRoles}, max_plaintext_frame_len: ${s.maxPlaintextFrameBytes}, ` +
      `replay_ttl_secs: ${s.replaySeconds}, padding_bucket_bytes: ${s.paddingBytes} }`
    return [encodeAgentTextStream(s), text]
  },
  "0x8007": (bytes) => {
    const state = decodeAvatarUrl(bytes)
    const hex = (field: Uint8Array | undefined) => encodeHex(field ?? new Uint8Array())
    return [encodeAvatarUrl(state), {
      dim: hex(state?.dimensions),
      thumbhash: hex(state?.thumbhash),
      url: state?.url ?? "",
    }]
  },
  "0x800b": (bytes) => {
    const state = decodeEncryptedMedia(bytes)
    return [encodeEncryptedMedia(state), {
      allowed_locator_kinds: state.allowedLocatorKinds,
      default_blob_endpoints: state.defaultBlobEndpoints.map(({ baseUrl, locatorKind }) => ({
        base_url: baseUrl,
        locator_kind: locatorKind,
      })),
      media_format: "encrypted-media-v2",
    }]
  },
  "0x8003": (bytes) => {
    const admins = decodeAdminPolicy(bytes)
    return [encodeAdminPolicy(admins), admins]
  },
  "0x8005": (bytes) => {
    const seconds = decodeMessageRetention(bytes)
    return [encodeMessageRetention(seconds), seconds]
  },
  "0x800c": (bytes) => {
    const state = decodeGroupLifecycle(bytes)
    return [encodeGroupLifecycle(state), state === "active" ? "Active" : "Disbanded"]
  },
}

describe("component bytes of MDK", needsMdkHead, () => {
  const cases = needsMdkHead.skip === undefined ? mdkHead<Codecs>("codecs.json").components : []

  it("are all there", () => assert.equal(cases.length, 103))

  for (const { component, name, bytes, accepted, decoded } of cases) {
    it(`${component} ${name}: ${accepted ? "accepted" : "refused"}`, () => {
      const codec = codecs[component]
      assert.ok(codec !== undefined, "no decoder for this component")
      const input = decodeHex(bytes)
      if (!accepted) {
        assert.throws(
          () => codec(input),
          (error) => error instanceof ComponentError && error.component === Number(component),
        )
        return
      }
      const [again, view] = codec(input)
      assert.equal(encodeHex(again), bytes)
      assert.deepEqual(view, decoded)
    })
  }
})

describe("retention of MDK", needsMdkHead, () => {
  it("has the same arithmetic", () => {
    const { retention } = mdkHead<Codecs>("codecs.json")
    assert.equal(retention.length, 5)
    for (const { created_at, seconds, expires_at } of retention) {
      assert.equal(
        expiryOf(BigInt(created_at), BigInt(seconds))?.toString() ?? null,
        expires_at === null ? null : String(expires_at),
      )
    }
    assert.equal(expiryOf(1n, undefined), undefined)
  })
})

interface ByteFixture {
  readonly bytes: { readonly hex: string; readonly component_data_hex?: string }
  readonly expected: {
    readonly valid: boolean
    readonly fields: { readonly nostr_group_id_hex: string; readonly relays: ReadonlyArray<string> }
  }
}

describe("routing fixtures of MDK", needsVectors("mdk-bytes"), () => {
  it("are accepted and refused as they say", () => {
    const fixtures = mdkBytesFiles<ByteFixture>().filter(([name]) => name.startsWith("nostr-"))
    assert.equal(fixtures.length, 3)
    for (const [name, { bytes, expected }] of fixtures) {
      const state = decodeHex(bytes.hex)
      if (!expected.valid) {
        assert.throws(() => decodeNostrRouting(state), { reason: "not-canonical" }, name)
        continue
      }
      const routing = decodeNostrRouting(state)
      assert.equal(routing.nostrGroupId, expected.fields.nostr_group_id_hex)
      assert.deepEqual(routing.relays, expected.fields.relays)
      assert.deepEqual(encodeNostrRouting(routing), state)
      if (bytes.component_data_hex === undefined) continue
      const dictionary = encodeHex(encodeDictionary(new Map([[0x8004, state]])))
      assert.ok(dictionary.endsWith(bytes.component_data_hex), name)
    }
  })
})

describe("group states of MDK", needsMdkHead, () => {
  it("decode and encode to the same bytes, every component of every state", () => {
    let seen = 0
    for (const [, file] of mdkHeadFiles()) {
      for (const state of findObjects(file, (object) => "ratchet_tree" in object)) {
        for (const [id, bytes] of Object.entries(state["components"] ?? {})) {
          const codec = codecs[id]
          assert.ok(codec !== undefined, id)
          assert.equal(encodeHex(codec(decodeHex(String(bytes)))[0]), bytes, id)
          assert.equal(checkGroupComponent(Number(id), decodeHex(String(bytes))), "known")
          seen++
        }
      }
    }
    assert.ok(seen >= 200, `${seen} component states`)
  })
})
