/**
 * Faults of what relays say: wrong, forged, malformed, too much, too little.
 *
 * @module
 */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import { test } from "node:test"
import { EmbeddedRelay } from "../src/relay/mod.ts"
import { now, signed, testKey } from "./relay_client.ts"
import { groupFilter, patient, pause, until, withRelay } from "./transport_bench.ts"

const key = testKey()
const message = (age = 0, group = "g") =>
  signed(key, { kind: 445, tags: [["h", group]], created_at: now() - age })

/** The relay's first client and the name of its only subscription. */
const line = (relay: EmbeddedRelay) => {
  const [client] = relay.clients
  const name = client === undefined ? undefined : relay.subscriptions.get(client.id)?.[0]
  if (client === undefined || name === undefined) throw new Error("nobody is subscribed")
  return { client, name }
}

test(
  "lost live events come back after the next reconnect",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      relay.setFaults({ drop: 1 })
      const events = [message(), message(), message()]
      for (const event of events) {
        assert.deepEqual(await bench.publish(relay.url, event), { outcome: "accepted" })
      }
      assert.deepEqual(got.ids, [])
      relay.setFaults({})
      relay.clients.forEach((client) => client.reset())
      await until("all", () => got.ids.length === 3)
    }),
)

test(
  "a jittery link that reorders delivers everything once",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      relay.setFaults({ delayMillis: [0, 200], duplicate: 0.3 })
      const events = Array.from({ length: 50 }, (_, i) => message(i))
      await Promise.all(events.map((event) => bench.publish(relay.url, event)))
      await until("all", () => got.ids.length >= 50)
      await pause(250)
      assert.deepEqual([...got.ids].sort(), events.map((event) => event.id).sort())
      assert.notDeepEqual(got.ids, events.map((event) => event.id))
    }, { seed: 5 }),
)

test("duplicates, from one relay or two, are given once", patient, async () => {
  const second = await new EmbeddedRelay().start()
  await withRelay(async (relay, bench) => {
    const got = bench.listen([relay.url, second.url])
    await until("Stored", () => got.stored === 2)
    const event = message()
    const { client, name } = line(relay)
    for (let i = 0; i < 50; i++) relay.send(client, ["EVENT", name, event])
    await bench.publish(second.url, event)
    await bench.publish(relay.url, event)
    const last = message()
    await bench.publish(relay.url, last)
    await until("the last", () => got.ids.includes(last.id))
    assert.deepEqual(got.ids, [event.id, last.id])
  })
  await second.stop({ reset: true })
})

test(
  "events nobody asked for are dropped: other group, other kind, other subscription",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      const { client, name } = line(relay)
      relay.send(client, ["EVENT", name, message(0, "other")])
      relay.send(client, ["EVENT", name, signed(key, { kind: 1, tags: [["h", "g"]] })])
      relay.send(client, ["EVENT", "nobody", message()])
      const wanted = message()
      relay.send(client, ["EVENT", name, wanted])
      await until("the wanted one", () => got.ids.length > 0)
      assert.deepEqual(got.ids, [wanted.id])
    }),
)

test(
  "forged and tampered events are dropped, the genuine copy that follows is given",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      const { client, name } = line(relay)
      const event = message()
      relay.send(client, ["EVENT", name, { ...event, sig: "0".repeat(128) }])
      relay.send(client, ["EVENT", name, { ...event, content: "tampered" }])
      relay.send(client, ["EVENT", name, { ...event, pubkey: testKey().publicKey }])
      relay.send(client, ["EVENT", name, { ...event, created_at: event.created_at + 1 }])
      relay.send(client, ["EVENT", name, event])
      await until("the genuine one", () => got.ids.length > 0)
      await pause(30)
      assert.deepEqual(got.events, [event])
    }),
)

test("malformed, binary and fragmented messages", patient, () =>
  withRelay(async (relay, bench) => {
    const got = bench.listen(relay.url)
    await until("Stored", () => got.stored === 1)
    const { client, name } = line(relay)
    const quoted = JSON.stringify(name)
    const event = message()
    const deep = "[".repeat(5000) + "]".repeat(5000)
    const malformed = [
      "",
      "{",
      "null",
      "[]",
      '["EVENT"]',
      `["EVENT",${quoted}]`,
      `["EVENT",${quoted},null]`,
      `["EVENT",${quoted},{"id":1,"kind":445,"tags":"x"}]`,
      `["EVENT",${quoted},{"kind":445,"tags":[null]}]`,
      `["EVENT",${quoted},${JSON.stringify({ ...event, kind: 445.5 })}]`,
      `["EVENT",${quoted},${JSON.stringify({ ...event, created_at: -1 })}]`,
      `["EVENT",${quoted},${JSON.stringify({ ...event, id: event.id.toUpperCase() })}]`,
      '["OK"]',
      '["OK",null,true]',
      `["OK","${event.id}","true",""]`,
      '["EOSE"]',
      '["CLOSED"]',
      '["NOTICE"]',
      '["AUTH"]',
      '["AUTH",{}]',
      "[1,2,3]",
      '"EVENT"',
      '[["EVENT"]]',
      deep,
    ]
    for (const text of malformed) client.sendText(text)
    client.sendBinary(new Uint8Array([1, 2, 3]))
    client.sendFragments(JSON.stringify(["EVENT", name, event]), 7)
    await until("the event", () => got.ids.length > 0)
    assert.deepEqual(got.ids, [event.id])
    assert.deepEqual(got.interruptions, [])
  }))

test(
  "a relay that sends nothing but rubbish is hung up on",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      const { client } = line(relay)
      for (let i = 0; i < 1200; i++) client.sendText("rubbish")
      await until("the interruption", () => got.interruptions.length >= 1)
      await until("Stored again", () => got.stored === 2)
    }),
)

test("a huge message is dropped, the session lives or is dialled again", patient, () =>
  withRelay(
    async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      const { client, name } = line(relay)
      client.sendText(`["EVENT",${JSON.stringify(name)},{"content":"${"A".repeat(16 << 20)}"}]`)
      const event = message()
      assert.deepEqual(await bench.publish(relay.url, event), { outcome: "accepted" })
      await until("the event", () => got.ids.includes(event.id))
    },
    { limits: { maxUnsentBytes: 64 << 20 } },
  ))

test("20 000 notices in front of an event", patient, () =>
  withRelay(async (relay, bench) => {
    const got = bench.listen(relay.url)
    await until("Stored", () => got.stored === 1)
    const { client } = line(relay)
    for (let i = 0; i < 20_000; i++) client.sendText('["NOTICE","mind the gap"]')
    const event = message()
    await bench.publish(relay.url, event)
    await until("the event", () => got.ids.includes(event.id))
    assert.deepEqual(got.interruptions, [])
  }))

test("OK for another event, no OK, OK twice", patient, () =>
  withRelay(async (relay, bench) => {
    relay.setFaults({
      outgoing: (_, wire) => wire[0] === "OK" ? [["OK", "f".repeat(64), true, ""]] : [wire],
    })
    assert.deepEqual(await bench.publish(relay.url, message()), { outcome: "unanswered" })
    relay.setFaults({ outgoing: (_, wire) => wire[0] === "OK" ? [] : [wire] })
    const event = message()
    assert.deepEqual(await bench.publish(relay.url, event), { outcome: "unanswered" })
    relay.setFaults({ outgoing: (_, wire) => wire[0] === "OK" ? [wire, wire] : [wire] })
    assert.deepEqual(await bench.publish(relay.url, event), { outcome: "accepted" })
    assert.deepEqual(await bench.publish(relay.url, message()), { outcome: "accepted" })
  }))

test(
  "a lying OK is one answer; asking shows that nothing is there",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      relay.setFaults({
        incoming: (_, wire) => wire[0] === "EVENT" ? [] : [wire],
      })
      relay.observe((seen) => {
        if (seen.verb !== "EVENT" || seen.direction !== "received") return
        relay.clients.forEach((client) => relay.send(client, ["OK", seen.event?.id, true, ""]))
      })
      assert.deepEqual(await bench.publish(relay.url, message()), { outcome: "accepted" })
      const { events, complete } = await Effect.runPromise(
        bench.transport.fetch({ relays: [relay.url], filters: [groupFilter] }),
      )
      assert.deepEqual([events, complete], [[], [relay.url]])
    }),
)

for (
  const [reason, answer] of [
    ["duplicate: have it", { outcome: "accepted" }],
    ["blocked: no", { outcome: "rejected", prefix: "blocked" }],
    ["invalid: no", { outcome: "rejected", prefix: "invalid" }],
    ["pow: 28 bits", { outcome: "rejected", prefix: "pow" }],
    ["restricted: members", { outcome: "rejected", prefix: "restricted" }],
    ["auth-required: who?", { outcome: "rejected", prefix: "auth-required" }],
    ["rate-limited: slowly", { outcome: "unanswered", prefix: "rate-limited" }],
    ["error: disk", { outcome: "unanswered", prefix: "error" }],
    ["ERROR: blocked: no", { outcome: "rejected", prefix: "blocked" }],
    ["just no", { outcome: "rejected" }],
  ] as const
) {
  test(`OK false, ${reason}`, patient, () =>
    withRelay(async (relay, bench) => {
      let sent = 0
      relay.observe((seen) =>
        sent += seen.direction === "received" && seen.verb === "EVENT" ? 1 : 0
      )
      relay.setFaults({ refuseEvents: reason })
      assert.deepEqual(await bench.publish(relay.url, message()), answer)
      assert.equal(sent, answer.outcome === "unanswered" ? 3 : 1)
    }))
}

test(
  "no EOSE: live events flow, a question is partial and still has its events",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      relay.setFaults({ outgoing: (_, wire) => wire[0] === "EOSE" ? [] : [wire] })
      const stored = message(10)
      relay.seed(stored)
      const got = bench.listen(relay.url)
      const live = message()
      await until("the stored one", () => got.ids.length === 1)
      await bench.publish(relay.url, live)
      await until("the live one", () => got.ids.length === 2)
      assert.equal(got.stored, 0)
      const answer = await Effect.runPromise(bench.transport.fetch({
        relays: [relay.url],
        filters: [groupFilter],
        timeoutMillis: 200,
      }))
      assert.deepEqual(answer, { events: [live, stored], complete: [], partial: [relay.url] })
    }),
)

for (
  const [reason, advice] of [
    ["rate-limited: slowly", "soon"],
    ["error: shutting down", "soon"],
    ["ERROR: restricted: no", "slowly"],
    ["no reason at all", "slowly"],
  ] as const
) {
  test(`CLOSED, ${reason}: tells so and tries again ${advice}`, patient, () =>
    withRelay(
      async (relay, bench) => {
        let asked = 0
        relay.observe((seen) =>
          asked += seen.direction === "received" && seen.verb === "REQ" ? 1 : 0
        )
        relay.setFaults({ refuseQuestions: reason })
        const got = bench.listen(relay.url)
        await until("the refusal", () => got.interruptions.length > 0)
        assert.equal(got.interruptions[0], "refused")
        if (advice === "soon") {
          await until("three questions", () => asked >= 3)
          relay.setFaults({})
          await until("Stored", () => got.stored === 1)
        } else {
          await pause(200)
          assert.ok(asked < 3, `${asked} questions`)
        }
      },
      {},
      { backoffBaseMillis: 20, backoffCapMillis: advice === "soon" ? 200 : 5000 },
    ))
}

test("a relay that refuses to page has given what there is to have", patient, () =>
  withRelay(
    async (relay, bench) => {
      for (let i = 0; i < 130; i++) relay.seed(message(i))
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      assert.equal(got.ids.length, 130)
      relay.setFaults({
        incoming: (_, wire) =>
          JSON.stringify(wire).includes('"until"') ? [["REQ", wire[1], { kinds: ["x"] }]] : [wire],
      })
      const other = bench.listen(relay.url, { filters: [{ ...groupFilter, since: 1 }] })
      await until("Stored", () => other.stored === 1)
      assert.deepEqual([other.ids.length, other.interruptions], [100, []])
    },
    { limits: { maxLimit: 100 } },
  ))

test("messages longer than the bound are dropped, others are not", patient, () =>
  withRelay(
    async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      const long = signed(key, { kind: 445, tags: [["h", "g"]], content: "x".repeat(3000) })
      const short = message()
      await bench.publish(relay.url, long)
      await bench.publish(relay.url, short)
      await until("the short one", () => got.ids.includes(short.id))
      assert.deepEqual(got.ids, [short.id])
    },
    {},
    { maxFrameLength: 2000 },
  ))

test("sending keeps to the rate", patient, () =>
  withRelay(
    async (relay, bench) => {
      await bench.publish(relay.url, message())
      const began = Date.now()
      await Promise.all([1, 2, 3, 4, 5, 6].map(() => bench.publish(relay.url, message())))
      // Two at once and forty a second: the last of six cannot leave earlier.
      assert.ok(Date.now() - began >= 90)
    },
    {},
    { sendRate: { burst: 2, perSecond: 40 } },
  ))
