import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  inboxRelaysTemplate,
  maxListedRelays,
  newerEvent,
  readInboxRelays,
  readRelayList,
  relayListTemplate,
  signEphemeral,
} from "@mdk/core/nostr"
import type { EventTemplate, NostrEvent } from "@mdk/core/services"
import { isRelayUrl, type RelayUrl } from "../../src/components/mod.ts"
import { seededEntropy } from "../seeded_entropy.ts"

const sign = (template: EventTemplate): NostrEvent => signEphemeral(template, seededEntropy("x"))
const url = (text: string): RelayUrl => isRelayUrl(text) ? text : assert.fail(text)
const a = url("wss://a.example")
const b = url("ws://b.example:7777/x?y=1")

describe("relay addresses", () => {
  it("are absolute, with a host, without credentials and fragment, at most 512 bytes", () => {
    for (const text of ["wss://a", "ws://127.0.0.1:80", "wss://[::1]:443", "WSS://A.example/"]) {
      assert.ok(isRelayUrl(text), text)
    }
    const long = `wss://a.example/${"é".repeat(248)}`
    assert.ok(isRelayUrl(long) && !isRelayUrl(`${long}x`))
    for (
      const text of [
        "",
        "a.example",
        "https://a.example",
        "wss://",
        "wss://u@a.example",
        "wss://u:p@a.example",
        "wss://a.example/#",
        "wss://a.example/#x",
        "//a.example",
        "wss://a.example/\ud800",
      ]
    ) assert.ok(!isRelayUrl(text), text)
  })
})

describe("relay lists", () => {
  it("say where an account reads and writes", () => {
    const relays = [
      { url: a, read: true, write: true },
      { url: b, read: false, write: true },
      { url: url("wss://c.example"), read: true, write: false },
    ]
    const event = sign(
      relayListTemplate([...relays, { url: url("wss://d"), read: false, write: false }], 5),
    )
    assert.deepEqual(event.tags, [["r", a], ["r", b, "write"], ["r", "wss://c.example", "read"]])
    assert.equal(event.kind, 10002)
    assert.deepEqual(readRelayList(event), relays)
  })

  it("are read leniently and within bounds", () => {
    const event = (tags: ReadonlyArray<ReadonlyArray<string>>): NostrEvent =>
      sign({ kind: 10002, created_at: 1, tags, content: "" })
    assert.deepEqual(
      readRelayList(
        event([["r"], ["r", "nonsense"], ["r", "https://x.example"], ["x", a], ["r", a, "both"], [
          "r",
          b,
          "",
        ]]),
      ),
      [{ url: b, read: true, write: true }],
    )
    assert.deepEqual(readRelayList(event([["r", a, "read"], ["r", a, "write"]])), [
      { url: a, read: true, write: true },
    ])
    assert.deepEqual(readRelayList(event([["r", a, "write"], ["r", a, "read"]])), [
      { url: a, read: true, write: true },
    ])
    const many = Array.from({ length: 1000 }, (_, i) => ["r", `wss://r${i}.example`])
    assert.equal(
      readRelayList(event([...many, ["r", "wss://r0.example", "read"]])).length,
      maxListedRelays,
    )
    assert.throws(
      () => readRelayList(sign({ kind: 10050, created_at: 1, tags: [], content: "" })),
      {
        reason: "wrong-kind",
      },
    )
  })

  it("say where gift wraps go", () => {
    const event = sign(inboxRelaysTemplate([a, b, a], 5))
    assert.deepEqual(event.tags, [["relay", a], ["relay", b]])
    assert.equal(event.kind, 10050)
    assert.deepEqual(readInboxRelays(event), [a, b])
    const odd = sign({
      kind: 10050,
      created_at: 1,
      tags: [["relay"], ["relay", "x"], ["r", a], ["relay", b]],
      content: "",
    })
    assert.deepEqual(readInboxRelays(odd), [b])
    const many = Array.from({ length: 1000 }, (_, i) => ["relay", `wss://r${i}.example`])
    assert.equal(readInboxRelays({ ...odd, tags: many }).length, maxListedRelays)
    assert.throws(() => readInboxRelays({ ...odd, kind: 10002 }), { reason: "wrong-kind" })
  })

  it("are replaced by newer ones, at the same time by the lower id", () => {
    const [x, y, z] = [{ created_at: 1, id: "b" }, { created_at: 2, id: "c" }, {
      created_at: 2,
      id: "a",
    }]
    assert.equal(newerEvent(x, y), y)
    assert.equal(newerEvent(y, x), y)
    assert.equal(newerEvent(y, z), z)
    assert.equal(newerEvent(z, y), z)
  })
})
