/**
 * KeyPackages that the reference engine made.
 */
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { decodeHex, encodeHex } from "@mdk/core/codec"
import { defaultCryptoProvider } from "@mdk/core/crypto"
import type { NostrEvent } from "@mdk/core/services"
import { encodeDictionary, lastResortDictionary } from "../../src/components/mod.ts"
import {
  KeyPackageError,
  validateKeyPackageBytes,
  validateKeyPackageEvent,
} from "../../src/key-package/mod.ts"
import {
  findObjects,
  type JsonObject,
  mdkHead,
  mdkHeadFiles,
  needsMdkHead,
} from "../mdk_vectors.ts"

const crypto = defaultCryptoProvider()
const asEvent = (value: unknown): NostrEvent => JSON.parse(JSON.stringify(value))

describe("KeyPackages of MDK", needsMdkHead, () => {
  it("are valid, events and bytes, with what the transcripts say of them", () => {
    let seen = 0
    for (const [, file] of mdkHeadFiles()) {
      const recorded = (object: JsonObject) => "key_package_ref" in object && "event" in object
      for (const made of findObjects(file, recorded)) {
        const now = BigInt(Number(file["generated_at"]))
        const event = asEvent(made["event"])
        const valid = validateKeyPackageEvent(event, { crypto, now })
        assert.equal(valid.ref, made["key_package_ref"])
        assert.equal(encodeHex(valid.message), made["mls_message"])
        assert.equal(valid.lastResort, made["last_resort"])
        assert.equal(valid.lifetime.notAfter, BigInt(Number(made["not_after"])))
        assert.equal(valid.lifetime.notBefore, BigInt(Number(made["not_before"])))
        assert.equal(valid.account, event.pubkey)
        assert.equal(valid.eventId, event.id)
        if (made["slot_id"] !== undefined) assert.equal(valid.slot, made["slot_id"])
        seen++
      }
    }
    assert.ok(seen >= 83, `${seen} KeyPackages`)
  })

  const sample = needsMdkHead.skip === undefined
    ? findObjects(mdkHead<JsonObject>("main.json"), (object) => object["kind"] === 30443)[0]
    : undefined

  const reason = (event: NostrEvent, now: bigint): string => {
    try {
      validateKeyPackageEvent(event, { crypto, now })
    } catch (error) {
      if (!(error instanceof KeyPackageError)) throw error
      return error.reason
    }
    return "accepted"
  }

  it("are current from the first to the last second", () => {
    const event = asEvent(sample)
    const { lifetime } = validateKeyPackageEvent(event, { crypto, now: BigInt(event.created_at) })
    assert.equal(reason(event, lifetime.notBefore), "accepted")
    assert.equal(reason(event, lifetime.notAfter), "accepted")
    assert.equal(reason(event, lifetime.notBefore - 1n), "bad-lifetime")
    assert.equal(reason(event, lifetime.notAfter + 1n), "bad-lifetime")
    assert.equal(lifetime.notAfter - lifetime.notBefore, 7_261_200n)
  })

  it("are refused once anything is changed", () => {
    const event = asEvent(sample)
    const now = BigInt(event.created_at)
    assert.equal(reason({ ...event, sig: "0".repeat(128) }, now), "bad-signature")
    assert.equal(reason({ ...event, created_at: 1 }, now), "malformed")
    const { message } = validateKeyPackageEvent(event, { crypto, now })
    for (let at = 0; at < message.length; at += 3) {
      const changed = message.map((byte, i) => i === at ? byte ^ 1 : byte)
      assert.throws(
        () => validateKeyPackageBytes(changed, { crypto, now }),
        KeyPackageError,
        `${at}`,
      )
    }
    assert.throws(() => validateKeyPackageBytes(new Uint8Array([...message, 0]), { crypto, now }), {
      reason: "malformed",
    })
  })

  it("carry the last-resort mark of the specification", () => {
    const { message } = validateKeyPackageEvent(asEvent(sample), {
      crypto,
      now: BigInt(asEvent(sample).created_at),
    })
    const mark = encodeHex(encodeDictionary(lastResortDictionary))
    assert.equal(mark, "03000400")
    assert.ok(encodeHex(message).includes(`0006 04 ${mark}`.replaceAll(" ", "")))
    assert.equal(decodeHex(mark).length, 4)
  })
})
