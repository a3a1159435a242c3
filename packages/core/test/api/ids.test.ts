import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Option from "effect/Option"
import {
  EventKey,
  type GroupId,
  IntentId,
  type MessageId,
  MessageId as MessageIds,
  PublicKey,
  RelayUrl,
} from "../../src/api/mod.ts"

const HEX = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9"

describe("ids", () => {
  it("parse an account from hex, npub and back", () => {
    const key = PublicKey.parse(HEX.toUpperCase())
    assert.equal(key, HEX)
    assert.equal(PublicKey.parse(PublicKey.npub(key)), key)
  })

  it("refuse what is no id, without repeating it", () => {
    const secret = `nsec1${"q".repeat(58)}`
    for (const text of ["", HEX.slice(1), "0".repeat(64), "f".repeat(64), secret]) {
      assert.ok(Option.isNone(PublicKey.option(text)))
      assert.throws(() => PublicKey.parse(text), (error: Error & { readonly reason: string }) => {
        assert.equal(error.reason, "public-key")
        assert.ok(text === "" || !JSON.stringify(error).includes(text))
        assert.equal(error.message, "ArgumentError: public-key")
        return true
      })
    }
  })

  it("take relays byte for byte, and only relays", () => {
    assert.equal(RelayUrl.parse("wss://Relay.example/x"), "wss://Relay.example/x")
    for (const text of ["https://relay.example", "wss://u:p@relay.example", "relay.example"]) {
      assert.ok(Option.isNone(RelayUrl.option(text)), text)
    }
  })

  it("know their lengths and alphabets", () => {
    assert.ok(Option.isSome(MessageIds.option("a".repeat(64))))
    assert.ok(Option.isNone(MessageIds.option("A".repeat(64))))
    assert.ok(Option.isSome(IntentId.option("0".repeat(32))))
    assert.ok(Option.isSome(EventKey.option(`message:${"a".repeat(64)}:${"b".repeat(64)}`)))
    assert.ok(Option.isNone(EventKey.option("message:")))
  })

  it("do not mix", () => {
    const message = MessageIds.parse("a".repeat(64))
    // @ts-expect-error a message is no group
    const group: GroupId = message
    // @ts-expect-error a text is no id before it was parsed
    const unparsed: MessageId = "a".repeat(64)
    assert.equal(group, unparsed)
  })
})
