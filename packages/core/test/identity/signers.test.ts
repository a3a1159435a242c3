import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Entropy, type NostrEvent, Signer } from "@mdk/core/services"
import {
  ExternalSigner,
  LocalSigner,
  makeLocalSigner,
  maxNip44PayloadLength,
  maxNip44PlaintextBytes,
  type Nip07Signer,
  parseSecretKey,
  publicKeyOf,
  signEvent,
} from "@mdk/core/identity"
import { nsecEncode } from "nostr-tools/nip19"
import * as nip44 from "nostr-tools/nip44"
import { seededEntropy } from "../seeded_entropy.ts"

const template = { kind: 22242, created_at: 1_700_000_000, tags: [["relay", "x"]], content: "c" }
const alice = parseSecretKey(`${"0".repeat(63)}3`)
const bob = parseSecretKey(`${"0".repeat(63)}4`)
const noise = new Uint8Array(32)

describe("local signer", () => {
  const ours = makeLocalSigner(alice, seededEntropy("alice"))
  const theirs = makeLocalSigner(bob, seededEntropy("bob"))

  it("signs for its account", async () => {
    const event = await Effect.runPromise(ours.sign(template))
    assert.equal(event.pubkey, publicKeyOf(alice))
    assert.equal(await Effect.runPromise(ours.publicKey), publicKeyOf(alice))
  })

  it("encrypts for a peer, in both directions, as NIP-44 does", async () => {
    const payload = await Effect.runPromise(ours.nip44Encrypt(publicKeyOf(bob), "hello"))
    assert.equal(await Effect.runPromise(theirs.nip44Decrypt(publicKeyOf(alice), payload)), "hello")
    const elsewhere = nip44.getConversationKey(bob.bytes, publicKeyOf(alice))
    assert.equal(nip44.decrypt(payload, elsewhere), "hello")
    const again = await Effect.runPromise(ours.nip44Encrypt(publicKeyOf(bob), "hello"))
    assert.notEqual(again, payload)
    const short = await Effect.runPromise(ours.nip44Encrypt(publicKeyOf(bob), "x"))
    assert.equal(await Effect.runPromise(theirs.nip44Decrypt(publicKeyOf(alice), short)), "x")
  })

  it("has its limits", async () => {
    const peer = publicKeyOf(bob)
    const longest = "x".repeat(maxNip44PlaintextBytes)
    const payload = await Effect.runPromise(ours.nip44Encrypt(peer, longest))
    assert.equal(await Effect.runPromise(theirs.nip44Decrypt(publicKeyOf(alice), payload)), longest)
    for (const text of ["", `${longest}x`, "\ud800"]) {
      const error = await Effect.runPromise(Effect.flip(ours.nip44Encrypt(peer, text)))
      assert.deepEqual([error.operation, error.reason], ["encrypt", "invalid"])
    }
    for (
      const text of [
        "",
        "x",
        "A".repeat(1000),
        "A".repeat(10_000_000),
        `${payload.slice(0, -4)}AAAA`,
      ]
    ) {
      const error = await Effect.runPromise(
        Effect.flip(theirs.nip44Decrypt(publicKeyOf(alice), text)),
      )
      assert.deepEqual([error.operation, error.reason], ["decrypt", "undecryptable"])
    }
    const error = await Effect.runPromise(Effect.flip(ours.nip44Encrypt("0".repeat(64), "x")))
    assert.equal(error.reason, "invalid")
  })

  it("ends with its key", async () => {
    const key = parseSecretKey(`${"0".repeat(63)}5`)
    const signer = makeLocalSigner(key, seededEntropy("x"))
    key.wipe()
    const error = await Effect.runPromise(Effect.flip(signer.sign(template)))
    assert.equal(error.reason, "unavailable")
  })

  it("comes as a layer from a written key, with the entropy around it", async () => {
    const nsec = nsecEncode(alice.bytes.slice())
    const use = Effect.gen(function* () {
      const signer = yield* Signer
      return yield* signer.sign(template)
    })
    const event = await Effect.runPromise(
      use.pipe(Effect.provide(LocalSigner.layer(Redacted.make(nsec)))),
    )
    assert.equal(event.pubkey, publicKeyOf(alice))
    const seeded = () =>
      Effect.runPromise(use.pipe(
        Effect.provide(LocalSigner.fromSecretKey(nsec)),
        Effect.provideService(Entropy, seededEntropy("same")),
      ))
    assert.equal((await seeded()).sig, (await seeded()).sig)
    const error = await Effect.runPromise(
      Effect.flip(use.pipe(Effect.provide(LocalSigner.fromSecretKey("nsec1nonsense")))),
    )
    assert.deepEqual([error._tag, error.reason], ["KeyFormatError", "malformed"])
  })
})

describe("signer with the interface of NIP-07", () => {
  const good: Nip07Signer = {
    getPublicKey: () => Promise.resolve(publicKeyOf(alice)),
    signEvent: (asked) => Promise.resolve(signEvent(alice, asked, noise)),
    nip44: {
      encrypt: (peer, text) =>
        Promise.resolve(nip44.encrypt(text, nip44.getConversationKey(alice.bytes, peer))),
      decrypt: (peer, text) =>
        Promise.resolve(nip44.decrypt(text, nip44.getConversationKey(alice.bytes, peer))),
    },
  }
  const signAs = async (signEvent: Nip07Signer["signEvent"]): Promise<string> => {
    const signer = await Effect.runPromise(
      ExternalSigner.fromNip07({ ...good, signEvent }, { timeout: "20 millis" }),
    )
    const result = await Effect.runPromise(Effect.flip(signer.sign(template)))
    return result.reason
  }

  it("works when it is honest", async () => {
    const signer = await Effect.runPromise(ExternalSigner.fromNip07(good))
    assert.equal((await Effect.runPromise(signer.sign(template))).pubkey, publicKeyOf(alice))
    const payload = await Effect.runPromise(signer.nip44Encrypt(publicKeyOf(bob), "hi"))
    assert.equal(await Effect.runPromise(signer.nip44Decrypt(publicKeyOf(bob), payload)), "hi")
  })

  it("is never believed", async () => {
    const changed = (change: (event: NostrEvent) => unknown): Nip07Signer["signEvent"] => (asked) =>
      Promise.resolve(change(signEvent(alice, asked, noise)))
    const resigned = (part: object): Nip07Signer["signEvent"] => (asked) =>
      Promise.resolve(signEvent(alice, { ...asked, ...part }, noise))
    assert.equal(await signAs((asked) => Promise.resolve(signEvent(bob, asked, noise))), "mismatch")
    assert.equal(await signAs(resigned({ created_at: 1 })), "invalid")
    assert.equal(await signAs(resigned({ kind: 1 })), "invalid")
    assert.equal(await signAs(resigned({ content: "d" })), "invalid")
    assert.equal(await signAs(resigned({ tags: [["relay", "x"], ["client", "y"]] })), "invalid")
    assert.equal(await signAs(changed((event) => ({ ...event, sig: "0".repeat(128) }))), "invalid")
    assert.equal(await signAs(changed((event) => ({ ...event, content: "d" }))), "invalid")
    assert.equal(await signAs(changed(() => undefined)), "invalid")
    assert.equal(await signAs(() => Promise.reject(new Error("no"))), "rejected")
    assert.equal(await signAs(() => new Promise(() => {})), "timed-out")
    assert.equal(
      await signAs(() => {
        throw new Error("no")
      }),
      "rejected",
    )
  })

  it("cannot change what is asked by keeping the template", async () => {
    const signer = await Effect.runPromise(ExternalSigner.fromNip07({
      ...good,
      signEvent: (asked) => {
        asked.tags[0]?.push("added")
        return Promise.resolve(signEvent(alice, asked, noise))
      },
    }))
    assert.equal((await Effect.runPromise(Effect.flip(signer.sign(template)))).reason, "invalid")
    assert.deepEqual(template.tags, [["relay", "x"]])
  })

  it("is pinned to one account", async () => {
    const flip = (signer: Nip07Signer, account = publicKeyOf(bob)) =>
      Effect.runPromise(
        Effect.flip(ExternalSigner.fromNip07(signer, { account, timeout: "20 millis" })),
      )
    assert.equal((await flip(good)).reason, "mismatch")
    assert.equal(
      (await flip({ ...good, getPublicKey: () => Promise.resolve("npub1x") })).reason,
      "invalid",
    )
    assert.equal(
      (await flip({ ...good, getPublicKey: () => new Promise(() => {}) })).reason,
      "timed-out",
    )
  })

  it("is not believed about ciphertexts either", async () => {
    const answering = (answer: unknown): Nip07Signer => ({
      ...good,
      nip44: {
        encrypt: () => Promise.resolve(answer as string),
        decrypt: () => Promise.resolve(answer as string),
      },
    })
    for (const answer of ["", 7, undefined, null, "x".repeat(maxNip44PayloadLength + 1)]) {
      const signer = await Effect.runPromise(ExternalSigner.fromNip07(answering(answer)))
      for (const asked of [signer.nip44Encrypt, signer.nip44Decrypt]) {
        const error = await Effect.runPromise(Effect.flip(asked(publicKeyOf(bob), "x")))
        assert.equal(error.reason, "invalid")
      }
    }
    const longest = "x".repeat(maxNip44PayloadLength)
    const signer = await Effect.runPromise(ExternalSigner.fromNip07(answering(longest)))
    assert.equal(await Effect.runPromise(signer.nip44Encrypt(publicKeyOf(bob), "x")), longest)
  })

  it("may lack NIP-44", async () => {
    const { nip44: _, ...bare } = good
    const signer = await Effect.runPromise(ExternalSigner.fromNip07(bare))
    const error = await Effect.runPromise(Effect.flip(signer.nip44Encrypt(publicKeyOf(bob), "x")))
    assert.equal(error.reason, "unsupported")
  })
})
