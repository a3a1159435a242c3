import assert from "node:assert/strict"
import { connect } from "node:net"
import { after, before, describe, test } from "node:test"
import * as Effect from "effect/Effect"
import { EmbeddedRelay, makeEmbeddedRelay, type RelayObservation } from "../src/relay/mod.ts"
import type { NostrEvent } from "@mdk/core/services"
import { now, RelayClient, signed, testKey } from "./relay_client.ts"

const key = testKey()
const group = "ab".repeat(32)

describe("an embedded relay", () => {
  let relay: EmbeddedRelay
  let client: RelayClient
  let other: RelayClient

  before(async () => {
    relay = await new EmbeddedRelay().start()
    client = await RelayClient.open(relay.url)
    other = await RelayClient.open(relay.url)
  })
  after(async () => {
    client.close()
    other.close()
    await relay.stop()
  })

  test("stores genuine events and refuses forged ones", async () => {
    const event = signed(key, { tags: [["h", group]] })
    assert.deepEqual(await client.publish(event), { ok: true, text: "" })
    assert.match((await client.publish(event)).text, /^duplicate:/)
    const forged = { ...signed(key), sig: "0".repeat(128) }
    assert.deepEqual(await client.publish(forged), { ok: false, text: "invalid: bad signature" })
    assert.match((await client.publish({ ...event, id: "f".repeat(64) })).text, /^invalid: the id/)
    assert.match((await client.publish({ ...event, content: "other" })).text, /^invalid: the id/)
    assert.deepEqual((await other.ask("one", { ids: [event.id] })).events, [event])
  })

  test("answers tag, author, time and limit conditions, newest first", async () => {
    const author = testKey()
    const start = now() - 1000
    const events: Array<NostrEvent> = []
    for (let i = 0; i < 6; i++) {
      const event = signed(author, { kind: 445, created_at: start + i, tags: [["h", `g${i % 2}`]] })
      events.push(event)
      await client.publish(event)
    }
    const ids = async (filter: object) =>
      (await client.ask("q", { authors: [author.publicKey], ...filter })).events.map((e) => e.id)
    const of = (...indexes: Array<number>) => indexes.map((i) => events[i]?.id)
    assert.deepEqual(await ids({ "#h": ["g0"] }), of(4, 2, 0))
    assert.deepEqual(await ids({ limit: 2 }), of(5, 4))
    assert.deepEqual(await ids({ since: start + 3, until: start + 4 }), of(4, 3))
    assert.deepEqual(await ids({ kinds: [1] }), [])
    const { closed } = await client.ask("bad", { kinds: ["x"] })
    assert.match(closed ?? "", /^invalid:/)
  })

  test("live events reach matching subscriptions until CLOSE", async () => {
    await other.ask("live", { kinds: [445], "#h": ["live-a"] })
    const wanted = signed(key, { kind: 445, tags: [["h", "live-a"]] })
    await client.publish(signed(key, { kind: 445, tags: [["h", "live-b"]] }))
    await client.publish(wanted)
    await other.until(() => other.eventsOf("live")[0])
    other.send("CLOSE", "live")
    await client.publish(signed(key, { kind: 445, tags: [["h", "live-a"]] }))
    await other.ask("fence", { ids: [group] })
    assert.deepEqual(other.eventsOf("live"), [wanted])
  })

  test("keeps the newest replaceable and addressable event", async () => {
    const author = testKey()
    const older = signed(author, { kind: 10_050, created_at: now() - 10 })
    const newer = signed(author, { kind: 10_050, created_at: now() - 5 })
    await client.publish(newer)
    assert.equal((await client.publish(older)).ok, true)
    const x1 = signed(author, { kind: 30_443, created_at: now() - 9, tags: [["d", "x"]] })
    const x2 = signed(author, { kind: 30_443, created_at: now() - 8, tags: [["d", "x"]] })
    const y = signed(author, { kind: 30_443, created_at: now() - 7, tags: [["d", "y"]] })
    for (const event of [x1, x2, y]) await client.publish(event)
    const { events } = await client.ask("r", { authors: [author.publicKey] })
    assert.deepEqual(events, [newer, y, x2])
  })

  test("passes ephemeral events on without keeping them", async () => {
    await other.ask("eph", { kinds: [24_133] })
    const event = signed(key, { kind: 24_133 })
    assert.equal((await client.publish(event)).ok, true)
    await other.until(() => other.eventsOf("eph")[0])
    assert.deepEqual((await client.ask("gone", { ids: [event.id] })).events, [])
  })

  test("deletes for the author only, and for good", async () => {
    const event = signed(key)
    await client.publish(event)
    await client.publish(signed(testKey(), { kind: 5, tags: [["e", event.id]] }))
    assert.equal((await client.ask("d1", { ids: [event.id] })).events.length, 1)
    await client.publish(signed(key, { kind: 5, tags: [["e", event.id]] }))
    assert.equal((await client.ask("d2", { ids: [event.id] })).events.length, 0)
    assert.match((await client.publish(event)).text, /^blocked:/)
    const address = signed(key, { kind: 30_443, created_at: now() - 5, tags: [["d", "z"]] })
    await client.publish(address)
    await client.publish(
      signed(key, { kind: 5, tags: [["a", `30443:${key.publicKey}:z`]], created_at: now() }),
    )
    assert.equal((await client.ask("d3", { ids: [address.id] })).events.length, 0)
    assert.equal((await client.publish(address)).ok, false)
  })

  test("counts, and tells its limits over HTTP", async () => {
    const author = testKey()
    for (let i = 0; i < 3; i++) await client.publish(signed(author))
    client.send("COUNT", "c", { authors: [author.publicKey] })
    const answer = await client.until(() => client.messages.find((m) => m[0] === "COUNT"))
    assert.deepEqual(answer, ["COUNT", "c", { count: 3 }])
    const response = await fetch(relay.url.replace("ws", "http"), {
      headers: { Accept: "application/nostr+json" },
    })
    assert.equal(response.headers.get("access-control-allow-origin"), "*")
    const document = await response.json()
    assert.deepEqual(document.supported_nips, [1, 9, 11, 40, 42, 45, 59, 70])
    assert.equal(document.limitation.max_message_length, 131_072)
  })

  test("guards gift wraps and protected events behind authentication", async () => {
    const recipient = testKey()
    const wrap = signed(testKey(), { kind: 1059, tags: [["p", recipient.publicKey]] })
    const foreign = signed(testKey(), { kind: 1059, tags: [["p", key.publicKey]] })
    assert.equal((await client.publish(wrap)).ok, true)
    assert.equal((await client.publish(foreign)).ok, true)
    const reader = await RelayClient.open(relay.url)
    const mine = { kinds: [1059], "#p": [recipient.publicKey] }
    assert.match((await reader.ask("w", mine)).closed ?? "", /^auth-required:/)
    assert.deepEqual((await reader.ask("all", { ids: [wrap.id, foreign.id] })).events, [])
    await reader.ask("live-p", { "#p": [recipient.publicKey] })
    await client.publish(signed(testKey(), { kind: 1059, tags: [["p", recipient.publicKey]] }))
    await client.publish(signed(key, { tags: [["p", recipient.publicKey]] }))
    await reader.until(() => reader.eventsOf("live-p")[0])
    assert.deepEqual(reader.eventsOf("live-p").map((event) => event.kind), [1])
    const isProtected = signed(recipient, { tags: [["-"]] })
    assert.match((await reader.publish(isProtected)).text, /^auth-required:/)
    assert.equal(await reader.authenticate(recipient, "ws://relay.invalid/"), false)
    assert.equal(await reader.authenticate(recipient, relay.url), true)
    const wraps = (await reader.ask("w", mine)).events
    assert.equal(wraps.length, 2)
    assert.ok(wraps.some((event) => event.id === wrap.id))
    assert.deepEqual((await reader.ask("k", { kinds: [1059] })).events, wraps)
    const theirs = { kinds: [1059], "#p": [key.publicKey] }
    assert.match((await reader.ask("f", theirs)).closed ?? "", /^restricted:/)
    assert.equal((await reader.publish(isProtected)).ok, true)
    reader.close()
  })

  test("refuses what is expired, too new or malformed, and goes on", async () => {
    const expired = signed(key, { tags: [["expiration", String(now() - 5)]] })
    assert.match((await client.publish(expired)).text, /^invalid: .*expired/)
    assert.equal((await client.publish(signed(key, { created_at: now() + 3600 }))).ok, false)
    relay.seed(expired)
    assert.deepEqual((await client.ask("x", { ids: [expired.id] })).events, [])
    const before = client.messages.length
    for (const text of ["{not json", "{}", '["FOO",1]', '["EVENT",null]', '["REQ"]', "[]"]) {
      client.raw(text)
    }
    await client.until(() =>
      client.messages.slice(before).filter((m) => m[0] === "NOTICE").length === 6 ? true : undefined
    )
    assert.equal((await client.publish(signed(key))).ok, true)
  })
})

test("bounds: message size, subscriptions, stored events", async () => {
  const relay = await new EmbeddedRelay({ limits: { maxSubscriptions: 2, maxEvents: 3 } }).start()
  const client = await RelayClient.open(relay.url)
  for (let i = 0; i < 5; i++) await client.publish(signed(key))
  assert.equal(relay.events.length, 3)
  await client.ask("a", { kinds: [1] })
  await client.ask("b", { kinds: [1] })
  assert.match((await client.ask("c", { kinds: [1] })).closed ?? "", /^rate-limited:/)
  client.raw("x".repeat(140_000))
  assert.equal(await client.until(() => client.closed), 1009)
  await relay.stop()
})

test("a relay that requires authentication says so to everybody", async () => {
  const relay = await new EmbeddedRelay({ authRequired: true, challengeOnConnect: true }).start()
  const client = await RelayClient.open(relay.url)
  const event = signed(key)
  assert.match((await client.publish(event)).text, /^auth-required:/)
  assert.match((await client.ask("q", { kinds: [1] })).closed ?? "", /^auth-required:/)
  assert.equal(await client.authenticate(key, relay.url), true)
  assert.equal((await client.publish(event)).ok, true)
  assert.equal((await client.ask("q", { kinds: [1] })).events.length, 1)
  client.close()
  await relay.stop()
})

test("faults: refusing, silence, duplication, loss, cuts; events survive a restart", async () => {
  const relay = await new EmbeddedRelay({ seed: 7 }).start()
  const seen: Array<RelayObservation> = []
  const unobserve = relay.observe((observation) => seen.push(observation))
  const client = await RelayClient.open(relay.url)
  relay.setFaults({ refuseEvents: "blocked: no", reasonPrefix: "ERROR: " })
  assert.equal((await client.publish(signed(key))).text, "ERROR: blocked: no")
  relay.setFaults({})
  const event = signed(key, { content: "observed" })
  await client.publish(event)
  const received = seen.filter((one) => one.direction === "received" && one.verb === "EVENT")
  assert.equal(received.length, 2)
  assert.deepEqual(received[1]?.event, event)
  assert.equal(received[1]?.bytes, JSON.stringify(["EVENT", event]).length)
  unobserve()
  relay.setFaults({ duplicate: 1 })
  assert.equal((await client.ask("twice", { ids: [event.id] })).events.length, 2)
  relay.setFaults({ drop: 1 })
  assert.equal((await client.ask("lost", { ids: [event.id] })).events.length, 0)
  relay.setFaults({ delayMillis: [20, 40] })
  assert.equal((await client.ask("slow", { kinds: [9] })).events.length, 0)
  relay.setFaults({ neverAnswer: true })
  client.send("REQ", "silence", { kinds: [1] })
  relay.setFaults({})
  relay.clients[0]?.reset()
  await client.until(() => client.closed)
  const { port } = relay
  await relay.stop({ reset: true })
  await assert.rejects(RelayClient.open(relay.url))
  await relay.start()
  assert.equal(relay.port, port)
  const again = await RelayClient.open(relay.url)
  assert.equal((await again.ask("kept", { ids: [event.id] })).events.length, 1)
  assert.equal(again.messages.some((m) => m[1] === "silence"), false)
  again.close()
  await relay.stop()
})

test("admission: refused, ignored and stalled connections", async () => {
  const relay = await new EmbeddedRelay({ faults: { admission: 503 } }).start()
  await assert.rejects(RelayClient.open(relay.url))
  relay.setFaults({ admission: "reset" })
  await assert.rejects(RelayClient.open(relay.url))
  relay.setFaults({ admission: "black-hole" })
  const socket = connect(relay.port, "127.0.0.1")
  const outcome = await new Promise<string>((resolve) => {
    socket.on("data", () => resolve("answered"))
    socket.on("connect", () => {
      socket.write("GET / HTTP/1.1\r\n\r\n")
      setTimeout(() => resolve("silent"), 100)
    })
  })
  assert.equal(outcome, "silent")
  socket.destroy()
  await relay.stop()
})

test("as an Effect: the scope stops it, a taken port is a typed error", async () => {
  const url = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const relay = yield* makeEmbeddedRelay()
    const error = yield* Effect.flip(makeEmbeddedRelay({ port: relay.port }))
    assert.equal(error.reason, "port-in-use")
    assert.doesNotMatch(error.message, /\d/)
    const client = yield* Effect.promise(() => RelayClient.open(relay.url))
    client.close()
    return relay.url
  })))
  await assert.rejects(RelayClient.open(url))
})
