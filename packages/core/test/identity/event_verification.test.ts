import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { finalizeEvent, verifyEvent as verifyElsewhere } from "nostr-tools/pure"
import fc from "fast-check"
import { decodeHex } from "@mdk/core/codec"
import {
  EventError,
  eventId,
  parseSecretKey,
  publicKeyOf,
  signEvent,
  verifyEvent,
  verifyRumor,
} from "@mdk/core/identity"
import type { NostrEvent } from "@mdk/core/services"

const secretHex = `${"00".repeat(31)}07`
const secret = parseSecretKey(secretHex)
const template = { kind: 1, created_at: 1_700_000_000, tags: [["t", "x"]], content: "héllo\n" }
const reason = (value: unknown): string => {
  try {
    verifyEvent(value)
  } catch (error) {
    if (!(error instanceof EventError)) throw error
    return error.reason
  }
  return "accepted"
}

describe("events", () => {
  it("are signed as everybody signs them", () => {
    const event = signEvent(secret, template, new Uint8Array(32))
    assert.ok(verifyElsewhere({ ...event, tags: event.tags.map((tag) => [...tag]) }))
    const other = finalizeEvent({ ...template }, decodeHex(secretHex))
    assert.equal(other.id, event.id)
    assert.equal(verifyEvent({ ...other }).id, event.id)
    assert.equal(event.pubkey, publicKeyOf(secret))
  })

  it("are verified anew, whatever was noted on the object", () => {
    const marked = finalizeEvent({ ...template }, decodeHex(secretHex))
    assert.equal(reason({ ...marked, content: "other" }), "wrong-id")
    assert.equal(reason(Object.assign(marked, { content: "other" })), "wrong-id")
  })

  it("may have any kind of 16 bits and any time that is exact", () => {
    for (const [kind, created_at] of [[0, 0], [65_535, Number.MAX_SAFE_INTEGER]] as const) {
      assert.equal(
        reason(signEvent(secret, { ...template, kind, created_at }, new Uint8Array(32))),
        "accepted",
      )
    }
  })

  it("are refused by any changed field", () => {
    const event = signEvent(secret, template, new Uint8Array(32))
    assert.equal(reason({ ...event, created_at: event.created_at + 1 }), "wrong-id")
    assert.equal(reason({ ...event, tags: [] }), "wrong-id")
    assert.equal(reason({ ...event, pubkey: "7".repeat(64) }), "wrong-id")
    const forged = { ...event, content: "other" }
    assert.equal(reason({ ...forged, id: eventId(forged) }), "bad-signature")
    assert.equal(reason({ ...event, sig: `${event.sig.slice(0, -2)}00` }), "bad-signature")
  })

  it("are refused when a field has another form", () => {
    const event: NostrEvent = signEvent(secret, template, new Uint8Array(32))
    const { sig: _, ...unsigned } = event
    for (
      const value of [
        undefined,
        null,
        "event",
        [],
        unsigned,
        { ...event, sig: event.sig.toUpperCase() },
        { ...event, id: event.id.toUpperCase() },
        { ...event, pubkey: event.pubkey.slice(1) },
        { ...event, kind: 1.5 },
        { ...event, kind: 65_536 },
        { ...event, kind: -1 },
        { ...event, kind: "1" },
        { ...event, created_at: -1 },
        { ...event, created_at: 2 ** 53 },
        { ...event, created_at: Number.NaN },
        { ...event, tags: [["a", 1]] },
        { ...event, tags: ["a"] },
        { ...event, tags: {} },
        { ...event, content: 1 },
        { ...event, content: "\ud800" },
        Object.create(event),
      ]
    ) assert.equal(reason(value), "malformed")
  })

  it("come back as plain copies of their own", () => {
    const event = signEvent(secret, template, new Uint8Array(32))
    const copy = verifyEvent({ ...event, extra: "x" })
    assert.deepEqual(copy, event)
    assert.notEqual(copy.tags[0], event.tags[0])
    const rumor = verifyRumor({ ...event })
    assert.ok(!("sig" in rumor))
    assert.throws(() => verifyRumor({ ...event, content: "other" }), { reason: "wrong-id" })
  })

  it("have the same id as elsewhere, whatever is in them", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) =>
      text.isWellFormed()
    )
    fc.assert(
      fc.property(
        text,
        fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 3 }),
        (content, tags) => {
          const event = { kind: 1, created_at: 1, tags, content }
          assert.equal(
            eventId({ ...event, pubkey: publicKeyOf(secret) }),
            finalizeEvent(event, decodeHex(secretHex)).id,
          )
        },
      ),
      { numRuns: 30 },
    )
  })
})
