import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import * as nip59 from "nostr-tools/nip59"
import { encodeBase64, encodeHex } from "@mdk/core/codec"
import {
  conversationKey,
  makeLocalSigner,
  parsePublicKey,
  parseSecretKey,
  publicKeyOf,
  sealNip44,
} from "@mdk/core/identity"
import {
  encodeEventJson,
  EnvelopeError,
  eventBytes,
  giftWrap,
  giftWrapBytes,
  giftWrapSpreadSeconds,
  makeRumor,
  maxEventBytes,
  readWelcome,
  requireWrappable,
  sealTemplate,
  signEvent,
  unwrapGift,
  type WelcomeInput,
  welcomeRumor,
  wrapSeal,
} from "@mdk/core/nostr"
import { isRelayUrl, type RelayUrl } from "../../src/components/mod.ts"
import { type NostrEvent, type Rumor, SignerError, type SignerService } from "@mdk/core/services"
import {
  findObjects,
  type JsonObject,
  mdkHead,
  mdkHeadFiles,
  needsMdkHead,
} from "../mdk_vectors.ts"
import { seededEntropy } from "../seeded_entropy.ts"

const now = 1_700_000_000
const alice = parseSecretKey(`${"0".repeat(63)}3`)
const bob = parseSecretKey(`${"0".repeat(63)}4`)
const carol = parseSecretKey(`${"0".repeat(63)}5`)
const signerOf = (secret: typeof alice): SignerService =>
  makeLocalSigner(secret, seededEntropy("signer"))
const entropy = seededEntropy("wrap")
const noise = new Uint8Array(32)
const relay = (text: string): RelayUrl => isRelayUrl(text) ? text : assert.fail(text)
const rumor = makeRumor({
  pubkey: publicKeyOf(alice),
  created_at: now,
  kind: 444,
  tags: [["e", "00".repeat(32)]],
  content: "AA==",
})
const wrap = (rumor: Rumor, signer = signerOf(alice)) =>
  giftWrap({ signer, rumor, recipient: publicKeyOf(bob), now }, entropy)
const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(effect)
const refusal = async (event: NostrEvent, signer = signerOf(bob)): Promise<string> => {
  const result = await run(Effect.result(unwrapGift(signer, event)))
  return result._tag === "Success" ? "opened" : result.failure.reason
}

describe("gift wraps", () => {
  it("carry a rumor to one recipient, its author proven", async () => {
    const event = await run(wrap(rumor))
    assert.deepEqual(event.tags, [["p", publicKeyOf(bob)]])
    assert.notEqual(event.pubkey, publicKeyOf(alice))
    const opened = await run(unwrapGift(signerOf(bob), event))
    assert.deepEqual(opened, { rumor, author: publicKeyOf(alice) })
    assert.equal(await refusal(event, signerOf(carol)), "wrong-recipient")
  })

  it("are read by others, and others' are read", async () => {
    const event = await run(wrap(rumor))
    const mutable = { ...event, tags: event.tags.map((tag) => [...tag]) }
    assert.equal(nip59.unwrapEvent(mutable, bob.bytes).id, rumor.id)
    const theirs = nip59.wrapEvent(
      { ...rumor, tags: rumor.tags.map((tag) => [...tag]) },
      alice.bytes,
      publicKeyOf(bob),
    )
    assert.equal((await run(unwrapGift(signerOf(bob), theirs))).rumor.id, rumor.id)
  })

  it("are dated up to two days back", async () => {
    const events = await run(Effect.all(Array.from({ length: 20 }, () => wrap(rumor))))
    for (const { created_at } of events) {
      assert.ok(created_at <= now && created_at > now - giftWrapSpreadSeconds)
    }
    assert.ok(new Set(events.map((event) => event.created_at)).size > 10)
  })

  it("have a size that is known before", async () => {
    for (const length of [0, 1, 30, 500, 5_000, 20_000, 27_000]) {
      const sized = makeRumor({ ...rumor, content: "x".repeat(length) })
      assert.equal(eventBytes(await run(wrap(sized))), giftWrapBytes(sized))
    }
  })

  it("are refused when they would be too large, before the signer is asked", async () => {
    const silent: SignerService = {
      publicKey: Effect.die("asked"),
      sign: () => Effect.die("asked"),
      nip44Encrypt: () => Effect.die("asked"),
      nip44Decrypt: () => Effect.die("asked"),
    }
    for (const length of [29_000, 60_000, 70_000, 300_000]) {
      const large = makeRumor({ ...rumor, content: "x".repeat(length) })
      assert.throws(() => requireWrappable(large), { reason: "too-large" })
      const error = await run(Effect.flip(wrap(large, silent)))
      assert.ok(error instanceof EnvelopeError && error.reason === "too-large")
    }
    const largest = makeRumor({ ...rumor, content: "x".repeat(28_000) })
    assert.ok(eventBytes(await run(wrap(largest))) <= maxEventBytes)
  })

  it("are refused when anything inside is not what it says", async () => {
    const seal = (
      text: string,
      key = alice,
      change: (template: ReturnType<typeof sealTemplate>) => Parameters<typeof signEvent>[1] = (
        t,
      ) => t,
    ): NostrEvent => {
      const encrypted = sealNip44(conversationKey(key, publicKeyOf(bob)), text, noise)
      return signEvent(key, change(sealTemplate(encrypted, now)), noise)
    }
    const sent = (seal: NostrEvent) => wrapSeal(seal, publicKeyOf(bob), now, entropy)
    const json = encodeEventJson(rumor)
    assert.equal(await refusal(sent(seal(json))), "opened")
    assert.equal(await refusal(sent(seal(json, carol))), "author-mismatch")
    assert.equal(await refusal(sent(seal(json, alice, (t) => ({ ...t, kind: 14 })))), "bad-seal")
    assert.equal(await refusal(sent({ ...seal(json), sig: "0".repeat(128) })), "bad-seal")
    assert.equal(await refusal(sent({ ...seal(json), content: "x" })), "bad-seal")
    assert.equal(await refusal(sent(seal(json.replace('"AA=="', '"AB=="')))), "bad-rumor")
    assert.equal(await refusal(sent(seal("not json"))), "bad-rumor")
    assert.equal(await refusal(sent(seal(json.replace("{", '{"kind":1,')))), "bad-rumor")
    assert.equal(await refusal(sent(seal("[]"))), "bad-rumor")
    const stranger = sealNip44(conversationKey(alice, publicKeyOf(carol)), json, noise)
    assert.equal(
      await refusal(sent(signEvent(alice, sealTemplate(stranger, now), noise))),
      "undecryptable",
    )
    assert.equal(
      await refusal(sent(signEvent(alice, sealTemplate("x", now), noise))),
      "undecryptable",
    )
  })

  it("are refused by a forged or misaddressed outside", async () => {
    const event = await run(wrap(rumor))
    assert.equal(await refusal({ ...event, sig: "0".repeat(128) }), "bad-event")
    assert.equal(await refusal({ ...event, created_at: 1 }), "bad-event")
    const outside = (
      kind: number,
      tags: ReadonlyArray<ReadonlyArray<string>>,
      content = event.content,
    ) => signEvent(carol, { kind, created_at: now, tags, content }, noise)
    const me = ["p", publicKeyOf(bob)]
    assert.equal(await refusal(outside(1060, [me])), "wrong-kind")
    assert.equal(await refusal(outside(1059, [])), "bad-tags")
    assert.equal(await refusal(outside(1059, [["p"]])), "bad-tags")
    assert.equal(await refusal(outside(1059, [me, me])), "bad-tags")
    assert.equal(await refusal(outside(1059, [["p", publicKeyOf(carol)]])), "wrong-recipient")
    assert.equal(await refusal(outside(1059, [me], "")), "bad-content")
    assert.equal(await refusal(outside(1059, [me])), "undecryptable")
  })

  it("pass on what the signer says", async () => {
    const event = await run(wrap(rumor))
    const down: SignerService = {
      ...signerOf(bob),
      nip44Decrypt: () =>
        Effect.fail(new SignerError({ operation: "decrypt", reason: "timed-out" })),
    }
    assert.equal(await refusal(event, down), "timed-out")
    const error = await run(Effect.flip(wrap(rumor, signerOf(carol))))
    assert.ok(error instanceof SignerError && error.reason === "mismatch")
  })
})

describe("Welcomes", () => {
  const welcome: WelcomeInput = {
    welcome: new Uint8Array([0, 1, 0, 3]),
    keyPackageEventId: "ab".repeat(32),
    relays: [relay("wss://a.example"), relay("wss://b.example")],
  }

  it("say which KeyPackage and which relays", () => {
    const made = welcomeRumor(publicKeyOf(alice), now, welcome)
    assert.deepEqual(made.tags, [["e", "ab".repeat(32)], [
      "relays",
      "wss://a.example",
      "wss://b.example",
    ]])
    assert.deepEqual(readWelcome(made), welcome)
    assert.deepEqual(
      readWelcome({ ...made, tags: [["x"], ...made.tags, ["encoding", "base64"]] }),
      welcome,
    )
  })

  it("name up to 16 relays, each once", () => {
    const relays = Array.from({ length: 16 }, (_, i) => relay(`wss://r${i}.example`))
    const made = welcomeRumor(publicKeyOf(alice), now, {
      ...welcome,
      relays: [...relays, ...relays],
    })
    assert.deepEqual(readWelcome(made).relays, relays)
    const more = [...relays, relay("wss://more.example")]
    assert.throws(() => welcomeRumor(publicKeyOf(alice), now, { ...welcome, relays: more }), {
      reason: "bad-tags",
    })
  })

  it("are refused when they do not", () => {
    const made = welcomeRumor(publicKeyOf(alice), now, welcome)
    const [e = [], relays = []] = made.tags
    const refused: ReadonlyArray<readonly [string, Partial<Rumor>]> = [
      ["wrong-kind", { kind: 445 }],
      ["bad-tags", { tags: [e] }],
      ["bad-tags", { tags: [relays] }],
      ["bad-tags", { tags: [e, e, relays] }],
      ["bad-tags", { tags: [e, relays, relays] }],
      ["bad-tags", { tags: [[...e, "wss://hint.example"], relays] }],
      ["bad-tags", { tags: [["e", "xyz"], relays] }],
      ["bad-tags", { tags: [e, ["relays"]] }],
      ["bad-tags", { tags: [e, ["relays", "https://a.example"]] }],
      ["bad-tags", { tags: [e, ["relays", "wss://a.example", "wss://a.example"]] }],
      ["bad-tags", {
        tags: [e, ["relays", ...Array.from({ length: 17 }, (_, i) => `wss://r${i}.example`)]],
      }],
      ["bad-content", { content: "" }],
      ["bad-content", { content: "@" }],
    ]
    for (const [reason, part] of refused) {
      assert.throws(() => readWelcome({ ...made, ...part }), { _tag: "EnvelopeError", reason })
    }
    assert.throws(() => welcomeRumor(publicKeyOf(alice), now, { ...welcome, relays: [] }), {
      reason: "bad-tags",
    })
  })
})

interface Rejections {
  readonly kind_1059: {
    readonly cases: ReadonlyArray<{
      readonly name: string
      readonly event: NostrEvent
      readonly observer: { readonly nostr_secret_key: string }
      readonly verdict: { readonly joined: boolean }
    }>
  }
}

// What the envelopes alone can decide; `welcome`: the MLS bytes come next.
const decided: Readonly<Record<string, string>> = {
  "valid": "welcome",
  "wrong rumor kind": "wrong-kind",
  "two e tags": "bad-tags",
  "no e tag": "bad-tags",
  "e tag names another event": "welcome",
  "e tag not hex": "bad-tags",
  "no relays tag": "bad-tags",
  "empty relays tag": "bad-tags",
  "seventeen relays": "bad-tags",
  "https relay": "bad-tags",
  "encoding tag": "welcome",
  "content garbage": "welcome",
  "content empty": "bad-content",
  "rumor author differs from seal author": "author-mismatch",
  "p tag of another account": "wrong-recipient",
  "sealed by a stranger": "welcome",
  "two p tags": "bad-tags",
  "extra rumor tag": "welcome",
  "relay differs from the group's routing": "welcome",
}

describe("mutated gift wraps of MDK", needsMdkHead, () => {
  const cases = needsMdkHead.skip === undefined
    ? mdkHead<Rejections>("rejections.json").kind_1059.cases
    : []

  it("are all there", () => assert.equal(cases.length, 19))

  for (const { name, event, observer, verdict } of cases) {
    it(name, async () => {
      const signer = signerOf(parseSecretKey(observer.nostr_secret_key))
      const outcome = await run(
        unwrapGift(signer, event).pipe(
          Effect.map(({ rumor }) => {
            readWelcome(rumor)
            return "welcome"
          }),
          Effect.catchDefect((error) =>
            Effect.succeed(error instanceof EnvelopeError ? error.reason : `${error}`)
          ),
          Effect.catch((error) => Effect.succeed(error.reason)),
        ),
      )
      assert.equal(outcome, decided[name])
      if (verdict.joined) assert.equal(outcome, "welcome")
    })
  }
})

describe("gift wraps of MDK", needsMdkHead, () => {
  it("open to the recorded seal author, rumor and Welcome", async () => {
    let opened = 0
    const recorded = (object: JsonObject) =>
      "recipient" in object && "rumor" in object && "seal" in object
    for (const [, file] of mdkHeadFiles()) {
      const secrets = new Map(
        findObjects(file, (object) => "nostr_secret_key" in object && "name" in object)
          .map((account) => [account["name"], String(account["nostr_secret_key"])]),
      )
      for (const publish of findObjects(file, recorded)) {
        const secret = secrets.get(publish["recipient"] ?? null)
        if (secret === undefined || publish["mls_kind"] !== "welcome") continue
        const event: NostrEvent = JSON.parse(JSON.stringify(publish["event"]))
        const { rumor, author } = await run(unwrapGift(signerOf(parseSecretKey(secret)), event))
        const recordedRumor: Rumor = JSON.parse(JSON.stringify(publish["rumor"]))
        assert.equal(rumor.content, recordedRumor.content)
        assert.equal(author, parsePublicKey(recordedRumor.pubkey))
        const { welcome } = readWelcome(rumor)
        assert.equal(encodeHex(welcome), publish["mls_message"])
        assert.equal(rumor.content, encodeBase64(welcome))
        opened++
      }
    }
    assert.ok(opened >= 8, `${opened} wraps`)
  })
})
