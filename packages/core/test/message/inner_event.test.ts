import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { decodeHex, encodeUtf8 } from "@mdk/core/codec"
import { parseSecretKey, type PublicKey, publicKeyOf } from "@mdk/core/identity"
import {
  chatMessage,
  decodeInnerEvent,
  deletionOf,
  editOf,
  encodeInnerEvent,
  type InnerContent,
  InnerEventError,
  makeInnerEvent,
  type MessageId,
  poll,
  pollResponse,
  reactionTo,
} from "../../src/message/mod.ts"
import {
  findObjects,
  type JsonObject,
  mdkHead,
  mdkHeadFiles,
  needsMdkHead,
} from "../mdk_vectors.ts"

const author = publicKeyOf(parseSecretKey(`${"0".repeat(63)}3`))
const reason = (plaintext: Uint8Array | string, sender: PublicKey = author): string => {
  try {
    decodeInnerEvent(typeof plaintext === "string" ? encodeUtf8(plaintext) : plaintext, sender)
  } catch (error) {
    if (!(error instanceof InnerEventError)) throw error
    return error.reason
  }
  return "accepted"
}

describe("inner events", () => {
  it("give back what was written", () => {
    const text = fc.string({ unit: "grapheme" }).filter((text) => text.isWellFormed())
    const content: fc.Arbitrary<InnerContent> = fc.record({
      kind: fc.nat(),
      tags: fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 3 }),
      content: text,
    })
    fc.assert(fc.property(content, fc.bigInt(0n, 2n ** 64n - 1n), (content, createdAt) => {
      const event = makeInnerEvent(author, createdAt, content)
      assert.deepEqual(decodeInnerEvent(encodeInnerEvent(event), author), event)
    }))
  })

  it("may be of any time and kind", () => {
    for (const [at, kind] of [[0n, 0], [2n ** 64n - 1n, Number.MAX_SAFE_INTEGER]] as const) {
      assert.equal(
        reason(encodeInnerEvent(makeInnerEvent(author, at, { kind, tags: [[]], content: "" }))),
        "accepted",
      )
    }
  })

  it("are compact JSON in the usual order", () => {
    const event = makeInnerEvent(author, 5n, chatMessage("hi"))
    assert.equal(
      new TextDecoder().decode(encodeInnerEvent(event)),
      `{"id":"${event.id}","pubkey":"${author}","created_at":5,"kind":9,"tags":[],"content":"hi"}`,
    )
  })

  it("are refused for anybody but their sender, and with another id", () => {
    const plaintext = encodeInnerEvent(makeInnerEvent(author, 5n, chatMessage("hi")))
    const other = publicKeyOf(parseSecretKey(`${"0".repeat(63)}4`))
    assert.equal(reason(plaintext), "accepted")
    assert.equal(reason(plaintext, other), "wrong-author")
    assert.equal(reason(new TextDecoder().decode(plaintext).replace("hi", "ho")), "wrong-id")
  })

  it("are refused in any other shape", () => {
    for (
      const text of [
        "",
        "null",
        "[]",
        "{}",
        '"x"',
        '{"id":1,"pubkey":"","created_at":1,"kind":9,"tags":[],"content":""}',
        '{"id":"","pubkey":"","created_at":1,"kind":9,"tags":[[1]],"content":""}',
        '{"id":"","pubkey":"","created_at":1,"kind":9,"tags":[[["x"]]],"content":""}',
        '{"id":"","pubkey":"","created_at":1,"kind":9,"tags":{},"content":""}',
        '{"id":"","pubkey":"","created_at":1e3,"kind":9,"tags":[],"content":""}',
        '{"id":"","pubkey":"","created_at":18446744073709551616,"kind":9,"tags":[],"content":""}',
        '{"id":"","pubkey":"","created_at":-0,"kind":9,"tags":[],"content":""}',
        '{"id":"","pubkey":"","created_at":1,"kind":9,"tags":null,"content":""}',
        '{"id":"","pubkey":"","created_at":1,"kind":9,"tags":[],"content":null}',
        `{"tags":${"[".repeat(5000)}`,
      ]
    ) assert.equal(reason(text), "malformed", text.slice(0, 80))
    assert.equal(reason(new Uint8Array([0x7b, 0xff])), "malformed")
  })

  it("survive any bytes with a typed error", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(reason(bytes), "malformed")
    }))
  })
})

interface Codecs {
  readonly inner_events: ReadonlyArray<{
    readonly name: string
    readonly payload: string
    readonly accepted: boolean
    readonly sender_accepted: boolean | null
  }>
}

describe("inner event payloads of MDK", needsMdkHead, () => {
  const cases = needsMdkHead.skip === undefined ? mdkHead<Codecs>("codecs.json").inner_events : []

  it("are all there", () => assert.equal(cases.length, 18))

  for (const { name, payload, accepted, sender_accepted } of cases) {
    it(name, () => {
      const verdict = reason(decodeHex(payload), "a".repeat(64) as PublicKey)
      const expected = !accepted
        ? name.includes("id") && name !== "unknown member" ? "wrong-id" : "malformed"
        : sender_accepted === true
        ? "accepted"
        : "wrong-author"
      assert.equal(verdict, expected)
    })
  }
})

describe("application messages of MDK", needsMdkHead, () => {
  it("decode, and encode to the recorded plaintext", () => {
    let seen = 0
    for (const [, file] of mdkHeadFiles()) {
      const recorded = (object: JsonObject) => "plaintext" in object && "app_event" in object
      for (const publish of findObjects(file, recorded)) {
        const plaintext = String(publish["plaintext"])
        const said: { readonly pubkey: PublicKey; readonly id: string } = JSON.parse(plaintext)
        const event = decodeInnerEvent(encodeUtf8(plaintext), said.pubkey)
        assert.equal(event.id, said.id)
        assert.equal(new TextDecoder().decode(encodeInnerEvent(event)), plaintext)
        assert.deepEqual(JSON.parse(plaintext), publish["app_event"])
        seen++
      }
    }
    assert.ok(seen >= 20, `${seen} messages`)
  })

  it("are what our builders make", () => {
    const steps = new Map(
      findObjects(
        mdkHead<JsonObject>("main.json"),
        (object) => "publishes" in object && "name" in object,
      )
        .map((
          step,
        ) => [
          String(step["name"]),
          findObjects(step["publishes"], (o) => "tags" in o && "kind" in o && !("sig" in o))[0],
        ]),
    )
    const contentOf = (name: string): InnerContent => {
      const event = steps.get(name)
      assert.ok(event !== undefined, name)
      const { kind, tags, content }: InnerContent = JSON.parse(JSON.stringify(event))
      return { kind, tags, content }
    }
    const idOf = (name: string): MessageId => JSON.parse(JSON.stringify(steps.get(name) ?? {})).id
    const alice: PublicKey = JSON.parse(JSON.stringify(steps.get("chat") ?? {})).pubkey
    assert.deepEqual(
      chatMessage("Hello back", { replyTo: idOf("chat"), mentions: [alice, alice] }),
      contentOf("reply"),
    )
    assert.deepEqual(reactionTo(idOf("reply"), "+"), contentOf("reaction"))
    assert.deepEqual(editOf(idOf("reply"), "Hello back, edited"), contentOf("edit"))
    assert.deepEqual(deletionOf(idOf("chat-to-delete")), contentOf("delete"))
    assert.deepEqual(
      poll("Dinner?", [{ id: "a", label: "Carrots" }, { id: "b", label: "Clover" }]),
      contentOf("poll"),
    )
    assert.deepEqual(pollResponse(idOf("poll"), ["b"]), contentOf("poll-response"))
  })
})
