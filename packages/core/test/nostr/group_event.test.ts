import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { decodeBase64, decodeHex, encodeBase64, encodeHex } from "@mdk/core/codec"
import {
  EnvelopeError,
  EventError,
  openGroupEvent,
  readGroupEvent,
  sealGroupEvent,
  signEphemeral,
  verifyEvent,
} from "@mdk/core/nostr"
import type { NostrEvent } from "@mdk/core/services"
import {
  findObjects,
  type JsonObject,
  mdkHead,
  mdkHeadFiles,
  needsMdkHead,
} from "../mdk_vectors.ts"
import { seededEntropy } from "../seeded_entropy.ts"

const key = new Uint8Array(32).fill(7)
const nostrGroupId = "ab".repeat(32)
const input = { nostrGroupId, key, message: new Uint8Array([1, 2, 3]), createdAt: 1_700_000_000 }

describe("group events", () => {
  it("open with the key of their epoch and no other", () => {
    const event = verifyEvent(sealGroupEvent(input, seededEntropy("a")))
    assert.deepEqual(event.tags, [["h", nostrGroupId]])
    assert.equal(event.created_at, 1_700_000_000)
    const sealed = readGroupEvent(event)
    assert.deepEqual(openGroupEvent(sealed, key), input.message)
    assert.equal(openGroupEvent(sealed, new Uint8Array(32)), undefined)
    assert.equal(sealed.nostrGroupId, nostrGroupId)
    assert.equal(sealed.id, event.id)
  })

  it("never repeat a nonce or an author", () => {
    const entropy = seededEntropy("b")
    const events = Array.from({ length: 20 }, () => sealGroupEvent(input, entropy))
    const nonces = events.map((event) => encodeHex(decodeBase64(event.content).subarray(0, 12)))
    assert.equal(new Set(nonces).size, 20)
    assert.equal(new Set(events.map((event) => event.pubkey)).size, 20)
  })

  it("carry an expiration when they have one, and nothing else", () => {
    const event = sealGroupEvent({ ...input, expiration: 2n ** 64n - 1n }, seededEntropy("c"))
    assert.deepEqual(event.tags, [["h", nostrGroupId], ["expiration", "18446744073709551615"]])
    readGroupEvent(event)
    const tagged = (...tags: ReadonlyArray<ReadonlyArray<string>>) => () =>
      readGroupEvent({ ...event, tags })
    for (const value of ["", "-1", "1.0", " 1", "18446744073709551616", "soon", "9".repeat(30)]) {
      assert.throws(
        tagged(["h", nostrGroupId], ["expiration", value]),
        { reason: "bad-tags" },
        value,
      )
    }
    tagged(["expiration", "0"], ["h", nostrGroupId])()
    assert.throws(tagged(["h"]), { reason: "bad-tags" })
    assert.throws(tagged([]), { reason: "bad-tags" })
    assert.throws(tagged(["h", nostrGroupId], []), { reason: "bad-tags" })
    assert.throws(() => readGroupEvent({ ...event, kind: 9 }), { reason: "wrong-kind" })
  })

  it("are refused when relays would not take them", () => {
    const entropy = seededEntropy("d")
    const fits = sealGroupEvent({ ...input, message: new Uint8Array(48_000) }, entropy)
    assert.ok(JSON.stringify(fits).length <= 65_536)
    for (const size of [49_152, 60_000, 10_000_000]) {
      assert.throws(
        () => sealGroupEvent({ ...input, message: new Uint8Array(size) }, entropy),
        (error) => error instanceof EnvelopeError && error.reason === "too-large",
      )
    }
  })

  it("need 28 bytes", () => {
    const of = (bytes: number) =>
      signEphemeral(
        {
          kind: 445,
          created_at: 1,
          tags: [["h", nostrGroupId]],
          content: encodeBase64(new Uint8Array(bytes)),
        },
        seededEntropy("e"),
      )
    assert.throws(() => readGroupEvent(of(27)), { reason: "bad-content" })
    assert.equal(openGroupEvent(readGroupEvent(of(28)), key), undefined)
  })
})

interface Rejections {
  readonly kind_445: {
    readonly setup: { readonly exporter_group_event: string; readonly nostr_group_id: string }
    readonly cases: ReadonlyArray<
      {
        readonly name: string
        readonly event: NostrEvent
        readonly verdict: { readonly outcome: string }
      }
    >
  }
}

// What the envelope alone can decide; behind it the MLS room and the group decide.
const decided: Readonly<Record<string, string>> = {
  "signature changed": "bad-signature",
  "field changed, id and signature kept": "wrong-id",
  "no h tag": "bad-tags",
  "extra tag": "bad-tags",
  "encoding tag": "bad-tags",
  "p tag": "bad-tags",
  "two h tags": "bad-tags",
  "h with a third element": "bad-tags",
  "expiration not a number": "bad-tags",
  "two expiration tags": "bad-tags",
  "expiration with a third element": "bad-tags",
  "unknown group id": "another group",
  "h too short": "bad-tags",
  "content not base64": "bad-content",
  "content without padding": "bad-content",
  "content base64url": "bad-content",
  "27 bytes": "bad-content",
  "28 bytes": "another key",
  "another key": "another key",
  "additional data not empty": "another key",
  "MLS bytes garbage": "opened",
  "MLS bytes empty": "opened",
  "byte after the MLSMessage": "opened",
  "MLS ciphertext damaged": "opened",
  "kind 446": "wrong-kind",
  "same content, new event": "opened",
  "the original after its copy": "opened",
  "same MLS message, new outer nonce": "opened",
  "expiration on a message of a group without retention": "opened",
  "expiration before h": "opened",
  "outer created_at far in the past": "opened",
  "outer created_at in the year 2100": "opened",
  "h in upper case": "bad-tags",
}

describe("mutated group events of MDK", needsMdkHead, () => {
  const { cases, setup } = needsMdkHead.skip === undefined
    ? mdkHead<Rejections>("rejections.json").kind_445
    : { cases: [], setup: { exporter_group_event: "", nostr_group_id: "" } }

  const verdict = (event: NostrEvent): string => {
    try {
      const sealed = readGroupEvent(verifyEvent(event))
      if (sealed.nostrGroupId !== setup.nostr_group_id) return "another group"
      const message = openGroupEvent(sealed, decodeHex(setup.exporter_group_event))
      return message === undefined ? "another key" : "opened"
    } catch (error) {
      if (error instanceof EventError || error instanceof EnvelopeError) return error.reason
      throw error
    }
  }

  it("are all there", () => assert.equal(cases.length, 33))

  for (const { name, event, verdict: mdk } of cases) {
    it(name, () => {
      assert.equal(verdict(event), decided[name])
      // Nothing that MDK processed is refused here, and nothing that it refused as an envelope is opened.
      if (mdk.outcome === "processed") assert.equal(verdict(event), "opened")
      if (mdk.outcome.startsWith("rejected before")) assert.notEqual(verdict(event), "opened")
      if (mdk.outcome === "transport_deferred") assert.equal(verdict(event), "another key")
    })
  }
})

describe("group events of MDK", needsMdkHead, () => {
  it("open, every one of every transcript, to the recorded MLS message", () => {
    let opened = 0
    const recorded = (object: JsonObject) =>
      "exporter_group_event" in object && "event" in object && "mls_message" in object
    for (const [, file] of mdkHeadFiles()) {
      for (const publish of findObjects(file, recorded)) {
        const sealed = readGroupEvent(verifyEvent(publish["event"]))
        const message = openGroupEvent(sealed, decodeHex(String(publish["exporter_group_event"])))
        assert.ok(message !== undefined)
        assert.equal(encodeHex(message), publish["mls_message"])
        opened++
      }
    }
    assert.ok(opened >= 55, `${opened} events`)
  })
})
