import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { encodeHex } from "../../src/codec/hex.ts"
import { Secret } from "../../src/crypto/secret.ts"
import { expandWithLabel } from "../../src/mls/labeled.ts"
import { defaultLimits } from "../../src/mls/policy.ts"
import { MessageKey, SenderRatchet, stepNext, stepTo } from "../../src/mls/sender_ratchet.ts"
import { crypto, refusal, seededEntropy } from "./group_fixture.ts"

const entropy = seededEntropy("sender ratchet")
const secret = entropy.bytes(32)
const at = (generation: number, skipped: ReadonlyArray<MessageKey> = []): SenderRatchet =>
  new SenderRatchet(generation, Secret.copyOf(secret), skipped)
const keyAt = (generation: number): MessageKey => new MessageKey(generation, entropy.bytes(28))
const limits = { ...defaultLimits, outOfOrder: 3, forward: 10 }

describe("a sender's ratchet", () => {
  it("derives with all four bytes of the generation", () => {
    for (const generation of [0, 1, 0x0102_0304, 0xfffe_fdfc]) {
      const context = new Uint8Array(4)
      new DataView(context.buffer).setUint32(0, generation)
      const derive = (label: string, length: number): string =>
        encodeHex(expandWithLabel(crypto, secret, label, context, length))
      for (
        const { messageKey, ratchet } of [
          stepNext(crypto, at(generation)),
          stepTo(crypto, at(generation), generation, limits),
          stepTo(crypto, at(generation, [keyAt(0)]), generation, limits),
        ]
      ) {
        assert.equal(messageKey.generation, generation)
        assert.equal(encodeHex(messageKey.key), derive("key", 16))
        assert.equal(encodeHex(messageKey.nonce), derive("nonce", 12))
        assert.equal(encodeHex(ratchet.secret), derive("secret", 32))
        assert.equal(ratchet.generation, generation + 1)
      }
    }
  })

  it("gives the same keys in steps and in one leap", () => {
    const leap = stepTo(crypto, at(0), 4, { ...limits, outOfOrder: 100 })
    let ratchet = at(0)
    const keys = [0, 1, 2, 3, 4].map(() => {
      const step = stepNext(crypto, ratchet)
      ratchet = step.ratchet
      return encodeHex(step.messageKey.bytes)
    })
    assert.deepEqual(
      [...leap.ratchet.skipped, leap.messageKey].map((k) => encodeHex(k.bytes)),
      keys,
    )
    assert.equal(encodeHex(leap.ratchet.secret), encodeHex(ratchet.secret))
  })

  it("ends at the last generation of 32 bits", () => {
    assert.equal(stepNext(crypto, at(0xffff_fffe)).ratchet.generation, 0xffff_ffff)
    assert.equal(refusal(() => stepNext(crypto, at(0xffff_ffff))), "generation-too-far")
    const last = stepTo(crypto, at(0xffff_fffc), 0xffff_fffe, limits).ratchet
    assert.equal(last.generation, 0xffff_ffff)
    for (const from of [0xffff_fffc, 0xffff_ffff]) {
      assert.equal(
        refusal(() => stepTo(crypto, at(from), 0xffff_ffff, limits)),
        "generation-too-far",
      )
    }
  })

  it("measures its windows from the next generation", () => {
    assert.equal(stepTo(crypto, at(50), 60, limits).ratchet.generation, 61)
    assert.equal(refusal(() => stepTo(crypto, at(50), 61, limits)), "generation-too-far")
    const skipped = (): Array<MessageKey> => [keyAt(46), keyAt(47), keyAt(49)]
    assert.equal(refusal(() => stepTo(crypto, at(50, skipped()), 46, limits)), "generation-too-old")
    assert.equal(stepTo(crypto, at(50, skipped()), 47, limits).messageKey.generation, 47)
    assert.equal(refusal(() => stepTo(crypto, at(50, skipped()), 48, limits)), "generation-used")
  })

  it("keeps no key that fell out of the window", () => {
    const step = (generation: number): Array<number> =>
      stepTo(crypto, at(50, [keyAt(47), keyAt(48), keyAt(49)]), generation, limits)
        .ratchet.skipped.map((k) => k.generation)
    assert.deepEqual(step(50), [48, 49])
    assert.deepEqual(step(51), [49, 50])
    assert.deepEqual(step(58), [56, 57])
    assert.deepEqual(step(48), [47, 49])
  })
})

describe("secrets of a ratchet", () => {
  const zero = (bytes: Uint8Array): boolean => bytes.every((b) => b === 0)

  it("are zeroed with the last value that holds them", () => {
    const skipped = [keyAt(47), keyAt(48)]
    const first = at(50, skipped)
    const buffers = [first.secret, ...skipped.map((k) => k.bytes)]
    const [own, dropped, taken] = buffers as [Uint8Array, Uint8Array, Uint8Array]
    const second = stepTo(crypto, first, 48, limits)
    first.release()
    assert.ok(zero(own))
    assert.ok(!zero(dropped) && !zero(taken))
    second.messageKey.release()
    assert.ok(zero(taken))
    second.ratchet.release()
    assert.ok(zero(dropped))
  })

  it("stay alive for the value after the next message", () => {
    const skipped = [keyAt(48), keyAt(49)]
    const first = at(50, skipped)
    const kept = skipped.map((k) => k.bytes)
    const next = stepNext(crypto, first)
    const leap = stepTo(crypto, first, 51, limits)
    first.release()
    assert.ok(kept.every((b) => !zero(b)))
    next.ratchet.release()
    assert.ok(zero(kept[0] as Uint8Array) && !zero(kept[1] as Uint8Array))
    leap.ratchet.release()
    assert.ok(kept.every(zero))
    assert.throws(() => first.release(), TypeError)
    assert.throws(() => first.retain(), TypeError)
  })
})
