import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import { decodeHex, encodeHex } from "@mdk/core/codec"
import {
  accountProofFromEvent,
  accountProofTemplate,
  authorizeLeaf,
  decodeAccountProof,
  eventId,
  makeLocalSigner,
  parsePublicKey,
  parseSecretKey,
  ProofError,
  publicKeyOf,
  publicKeyToBytes,
  signEvent,
  verifyAccountProof,
} from "@mdk/core/identity"
import type { NostrEvent, SignerService } from "@mdk/core/services"
import { findObjects, type Json, mdkHeadFiles, needsMdkHead } from "../mdk_vectors.ts"
import { seededEntropy } from "../seeded_entropy.ts"

const secret = parseSecretKey(`${"0".repeat(63)}3`)
const account = publicKeyOf(secret)
const leaf = { signatureKey: Uint8Array.from({ length: 32 }, (_, i) => i) }
const specProof = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9" +
  "000000006553f100" +
  "c5315d3c85b9d4907cb03395a2a97b3ba2eab393f8e45b13a5d5233acedac60a" +
  "51d2a295e1b1b5ee372d18a49bdb8041a7dba9dedce722c7c6f712f78bbdfb5d"
const reason = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    if (!(error instanceof ProofError)) throw error
    return error.reason
  }
  return "accepted"
}

describe("account identity proof", () => {
  it("is the vector of the specification, byte by byte", () => {
    const template = accountProofTemplate(leaf, 1_700_000_000)
    assert.equal(
      eventId({ ...template, pubkey: account }),
      "b7e9a15dd85990fb0f49c33db3cc9875f73986207b038404ceb6b7fec4e0af6b",
    )
    const event = signEvent(secret, template, new Uint8Array(32))
    assert.equal(encodeHex(accountProofFromEvent(event, template, account)), specProof)
    assert.equal(
      verifyAccountProof(decodeHex(specProof), publicKeyToBytes(account), leaf),
      account,
    )
  })

  it("binds account, key, suite, scheme and time", () => {
    const identity = publicKeyToBytes(account)
    const proof = decodeHex(specProof)
    const changed = (at: number) => proof.map((byte, i) => i === at ? byte ^ 1 : byte)
    assert.equal(reason(() => verifyAccountProof(proof, new Uint8Array(32), leaf)), "wrong-signer")
    assert.equal(reason(() => verifyAccountProof(proof, identity.slice(1), leaf)), "wrong-signer")
    for (
      const other of [
        { signatureKey: leaf.signatureKey.slice().reverse() },
        { ...leaf, cipherSuite: 2 },
        { ...leaf, signatureScheme: 0x0403 },
      ]
    ) assert.equal(reason(() => verifyAccountProof(proof, identity, other)), "bad-signature")
    assert.equal(reason(() => verifyAccountProof(changed(39), identity, leaf)), "bad-signature")
    assert.equal(reason(() => verifyAccountProof(changed(40), identity, leaf)), "bad-signature")
    assert.equal(reason(() => verifyAccountProof(changed(103), identity, leaf)), "bad-signature")
  })

  it("has 104 bytes, a time from 1 to 2^53 - 1 and a signer on the curve", () => {
    const at = (time: bigint): Uint8Array => {
      const bytes = decodeHex(specProof)
      new DataView(bytes.buffer).setBigUint64(32, time)
      return bytes
    }
    assert.equal(decodeAccountProof(at(1n)).createdAt, 1)
    assert.equal(decodeAccountProof(at(2n ** 53n - 1n)).createdAt, Number.MAX_SAFE_INTEGER)
    assert.equal(reason(() => decodeAccountProof(at(0n))), "malformed")
    assert.equal(reason(() => decodeAccountProof(at(2n ** 53n))), "malformed")
    assert.equal(reason(() => decodeAccountProof(decodeHex(specProof).slice(0, 103))), "malformed")
    assert.equal(
      reason(() => decodeAccountProof(new Uint8Array([...decodeHex(specProof), 0]))),
      "malformed",
    )
    const noPoint = decodeHex(specProof)
    noPoint.fill(0, 0, 31)
    noPoint[31] = 5
    assert.equal(reason(() => decodeAccountProof(noPoint)), "malformed")
  })

  it("is only taken from a signer that signed exactly what it was asked", async () => {
    const honest = makeLocalSigner(secret, seededEntropy("proof"))
    const made = await Effect.runPromise(authorizeLeaf(honest, leaf, 1_700_000_000))
    assert.equal(verifyAccountProof(made.proof, publicKeyToBytes(account), leaf), account)
    const stranger = parseSecretKey(`${"0".repeat(63)}4`)
    const answers: ReadonlyArray<(event: NostrEvent) => NostrEvent> = [
      (event) =>
        signEvent(secret, { ...event, created_at: event.created_at + 1 }, new Uint8Array(32)),
      (event) => signEvent(secret, { ...event, content: "x" }, new Uint8Array(32)),
      (event) =>
        signEvent(secret, { ...event, tags: [...event.tags, ["client", "x"]] }, new Uint8Array(32)),
      (event) => signEvent(secret, { ...event, tags: event.tags.toReversed() }, new Uint8Array(32)),
      (event) => signEvent(stranger, event, new Uint8Array(32)),
      (event) => ({ ...event, sig: "0".repeat(128) }),
    ]
    for (const change of answers) {
      const signer: SignerService = {
        ...honest,
        sign: (template) => Effect.map(honest.sign(template), change),
      }
      const error = await Effect.runPromise(Effect.flip(authorizeLeaf(signer, leaf, 1)))
      assert.equal(error.reason, "invalid")
    }
  })
})

describe("proofs made by MDK", needsMdkHead, () => {
  it("verify, events and bytes", () => {
    let events = 0
    let proofs = 0
    for (const [, file] of mdkHeadFiles()) {
      for (const holder of findObjects(file, (object) => "mls_signature_key" in object)) {
        const key = holder["mls_signature_key"]
        if (typeof key !== "object" || key === null || !("public" in key)) continue
        const signatureKey = decodeHex(String(key["public"]))
        const account = parsePublicKey(String(holder["nostr_public_key"]))
        const event = holder["account_identity_proof_event"]
        if (event !== undefined) {
          events++
          const signed = asEvent(event)
          const template = accountProofTemplate({ signatureKey }, signed.created_at)
          const proof = accountProofFromEvent(signed, template, account)
          assert.equal(
            verifyAccountProof(proof, publicKeyToBytes(account), { signatureKey }),
            account,
          )
        }
        for (const made of findObjects(holder, (object) => "account_identity_proof" in object)) {
          proofs++
          const proof = decodeHex(String(made["account_identity_proof"]))
          assert.equal(
            verifyAccountProof(proof, publicKeyToBytes(account), { signatureKey }),
            account,
          )
        }
      }
    }
    assert.ok(events >= 13 && proofs >= 80, `${events} events, ${proofs} proofs`)
  })
})

function asEvent(value: Json): NostrEvent {
  return JSON.parse(JSON.stringify(value))
}
