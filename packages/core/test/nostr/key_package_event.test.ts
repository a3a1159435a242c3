import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type KeyPackageAdvertisement,
  keyPackageTemplate,
  newKeyPackageSlot,
  NostrKind,
  readKeyPackageEvent,
  signEphemeral,
} from "@mdk/core/nostr"
import type { NostrEvent } from "@mdk/core/services"
import { seededEntropy } from "../seeded_entropy.ts"

const entropy = seededEntropy("key package events")
const said: KeyPackageAdvertisement = {
  slot: newKeyPackageSlot(entropy),
  message: new Uint8Array([0, 1, 0, 5]),
  ref: "ab".repeat(32),
  extensions: [0x0006, 0xf2d1],
  proposals: [0x0008],
  components: [0x8003, 0x8009],
}
const event = signEphemeral(keyPackageTemplate(said, 5), entropy)
const NAMES = [
  "d",
  "mls_protocol_version",
  "i",
  "mls_ciphersuite",
  "mls_extensions",
  "mls_proposals",
  "app_components",
]
/** The event with the values of one tag replaced; `undefined` removes the tag. */
const tagged = (name: string, values: ReadonlyArray<string> | undefined): NostrEvent => ({
  ...event,
  tags: event.tags.flatMap((tag) =>
    tag[0] !== name ? [tag] : values === undefined ? [] : [[name, ...values]]
  ),
})
const refused = (event: NostrEvent, reason: string): void => {
  assert.throws(() => readKeyPackageEvent(event), { _tag: "EnvelopeError", reason })
}

describe("KeyPackage events", () => {
  it("give back what was written", () => {
    assert.equal(event.kind, NostrKind.keyPackage)
    assert.equal(event.created_at, 5)
    assert.deepEqual(event.tags.map(([name]) => name), NAMES)
    assert.deepEqual(event.tags[4], ["mls_extensions", "0x0006", "0xf2d1"])
    assert.deepEqual(readKeyPackageEvent(event), said)
  })

  it("have slots that differ", () => {
    assert.match(said.slot, /^[0-9a-f]{64}$/)
    assert.notEqual(newKeyPackageSlot(entropy), said.slot)
  })

  it("need every tag with a value", () => {
    for (const name of NAMES) {
      refused(tagged(name, undefined), "bad-tags")
      refused(tagged(name, []), "bad-tags")
      refused(tagged(name, [""]), "bad-tags")
    }
  })

  it("are of one protocol version and one ciphersuite", () => {
    refused(tagged("mls_protocol_version", ["1.1"]), "bad-tags")
    refused(tagged("mls_ciphersuite", ["0x0002"]), "bad-tags")
    refused({ ...event, kind: 443 }, "wrong-kind")
    refused(tagged("i", ["AB".repeat(32)]), "bad-tags")
    refused(tagged("i", ["ab".repeat(31)]), "bad-tags")
  })

  it("list ids in one form, in one tag each", () => {
    for (const name of ["mls_extensions", "mls_proposals", "app_components"]) {
      for (const item of ["6", "0x6", "0X0006", "0x00006", "0xABCD", " 0x0006", "0x0006 "]) {
        refused(tagged(name, ["0x8009", item]), "bad-tags")
      }
      refused({ ...event, tags: [...event.tags, [name, "0x8009"]] }, "bad-tags")
    }
    refused(tagged("app_components", ["0x8003"]), "bad-tags")
    assert.deepEqual(readKeyPackageEvent(tagged("mls_proposals", ["0x0008", "0x0008"])).proposals, [
      8,
    ])
  })

  it("are read where other clients are lenient", () => {
    assert.equal(readKeyPackageEvent(tagged("d", ["any slot", "more"])).slot, "any slot")
    const twice = {
      ...event,
      tags: [...event.tags, ["d", "second"], ["i", "second"], ["client", "x"]],
    }
    assert.deepEqual(readKeyPackageEvent(twice), said)
  })

  it("hold base64 within bounds", () => {
    refused({ ...event, content: "AAEABQ" }, "bad-content")
    refused({ ...event, content: "A".repeat(65_540) }, "bad-content")
    assert.equal(
      readKeyPackageEvent({ ...event, content: "A".repeat(65_536) }).message.length,
      49_152,
    )
  })

  it("are not written so that others would refuse them", () => {
    const wrong: ReadonlyArray<Partial<KeyPackageAdvertisement>> = [
      { slot: "slot" },
      { ref: "ab" },
      { extensions: [] },
      { proposals: [] },
      { components: [0x8003] },
    ]
    for (const part of wrong) {
      assert.throws(() => keyPackageTemplate({ ...said, ...part }, 5), { reason: "bad-tags" })
    }
    const twice = keyPackageTemplate({ ...said, proposals: [8, 8] }, 5)
    assert.deepEqual(twice.tags[5], ["mls_proposals", "0x0008"])
  })
})
