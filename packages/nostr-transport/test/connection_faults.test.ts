/**
 * Faults of the connection: it breaks, stalls, never comes about.
 *
 * @module
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import { EmbeddedRelay, type WebSocketClient } from "../src/relay/mod.ts"
import { now, signed, testKey } from "./relay_client.ts"
import { Bench, patient, pause, until, withRelay } from "./transport_bench.ts"

const key = testKey()
const message = (age = 0) => signed(key, { kind: 445, tags: [["h", "g"]], created_at: now() - age })

const cuts: Readonly<Record<string, (client: WebSocketClient) => void>> = {
  "close 1001": (client) => client.close(1001, "going away"),
  "FIN without a close frame": (client) => client.end(),
  "RST": (client) => client.reset(),
  "an illegal frame": (client) => client.sendRaw(new Uint8Array([0xff, 0x00])),
}

for (const [name, cut] of Object.entries(cuts)) {
  test(`${name}: redialled, nothing missed`, patient, () =>
    withRelay(async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      relay.clients.forEach(cut)
      const missed = message()
      relay.seed(missed)
      await until("Stored again", () => got.stored === 2)
      assert.deepEqual(got.ids, [missed.id])
      assert.deepEqual(got.interruptions, ["disconnected"])
    }))
}

test("half-open: found by a probe, abandoned without waiting, redialled", patient, () =>
  withRelay(
    async (relay, bench) => {
      const got = bench.listen(relay.url)
      await until("Stored", () => got.stored === 1)
      relay.clients.forEach((client) => client.freeze())
      const missed = message()
      relay.seed(missed)
      await until("the missed event", () => got.ids.includes(missed.id))
      assert.equal(got.stored, 2)
    },
    {},
    { probeAfterMillis: 150, probeMillis: 150 },
  ))

test("a quiet but living relay is probed and kept", patient, () =>
  withRelay(
    async (relay, bench) => {
      let probes = 0
      relay.observe((seen) =>
        probes += seen.direction === "received" && seen.verb === "REQ" ? 1 : 0
      )
      const got = bench.listen(relay.url)
      await until("three questions", () => probes >= 3)
      assert.deepEqual(got.interruptions, [])
      assert.equal(relay.clients[0]?.id, 1)
    },
    {},
    { probeAfterMillis: 60, probeMillis: 60 },
  ))

for (const admission of ["black-hole", "drip", "reset", 503, 403, 301] as const) {
  test(
    `${admission} while dialling and redialling: tried again until it works`,
    patient,
    () =>
      withRelay(async (relay, bench) => {
        relay.setFaults({ admission })
        const got = bench.listen(relay.url)
        await until("the interruption", () => got.interruptions.length >= 1)
        relay.setFaults({})
        await until("Stored", () => got.stored === 1)
        relay.setFaults({ admission })
        relay.clients.forEach((client) => client.reset())
        await until("the second interruption", () => got.interruptions.length >= 2)
        const missed = message()
        relay.seed(missed)
        relay.setFaults({})
        await until("the missed event", () => got.ids.includes(missed.id))
      }),
  )
}

test(
  "a relay that accepts and drops at once is dialled more and more rarely",
  patient,
  () =>
    withRelay(
      async (relay, bench) => {
        let dials = 0
        const flapping = setInterval(() => {
          for (const client of relay.clients) {
            dials = Math.max(dials, client.id)
            client.reset()
          }
        }, 1)
        const got = bench.listen(relay.url)
        await pause(1500)
        clearInterval(flapping)
        // Without growing waits this would be some sixty.
        assert.ok(dials > 1 && dials < 30, `${dials} dials`)
        await until("Stored", () => got.stored >= 1 && relay.clients.length === 1)
      },
      {},
      { backoffBaseMillis: 20, backoffCapMillis: 60_000 },
    ),
)

test("a relay that is down at the start is found when it comes up", patient, async () => {
  const relay = await new EmbeddedRelay().start()
  await relay.stop()
  const bench = await Bench.open()
  const got = bench.listen(relay.url)
  await until("the interruption", () => got.interruptions.length >= 1)
  const missed = message(100)
  relay.seed(missed)
  await relay.start()
  await until("the event", () => got.ids.includes(missed.id))
  await bench.close()
  await relay.stop()
})

test(
  "a cut in the middle of publishing: the same bytes again, accepted once",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      let cut = 0
      relay.setFaults({
        incoming: (_, wire) => {
          if (wire[0] !== "EVENT" || cut++ > 0) return [wire]
          relay.clients.forEach((client) => client.reset())
          return []
        },
      })
      const event = message()
      assert.deepEqual(await bench.publish(relay.url, event), { outcome: "accepted" })
      assert.equal(relay.events.length, 1)
    }),
)

test("an event that kills the connection every time ends as unanswered", patient, () =>
  withRelay(
    async (relay, bench) => {
      const event = signed(key, { kind: 445, content: "x".repeat(30_000) })
      assert.deepEqual(await bench.publish(relay.url, event), { outcome: "unanswered" })
      assert.deepEqual(await bench.publish(relay.url, message()), { outcome: "accepted" })
    },
    { limits: { maxMessageBytes: 20_000 } },
    { relayInformation: () => Promise.reject(new Error("none")) },
  ))

test("a relay that tells its limits is spared what it would choke on", patient, () => {
  let told = false
  const limitation = { max_message_length: 20_000 }
  return withRelay(
    async (relay, bench) => {
      await bench.publish(relay.url, message())
      await until("the information", () => told)
      const event = signed(key, { kind: 445, content: "x".repeat(30_000) })
      const answer = { outcome: "rejected", prefix: "too-large" }
      assert.deepEqual(await bench.publish(relay.url, event), answer)
      assert.equal(relay.clients[0]?.id, 1)
    },
    { limits: { maxMessageBytes: limitation.max_message_length } },
    {
      relayInformation: () => {
        // Told a moment later, when the transport has read it.
        setTimeout(() => told = true, 20)
        return Promise.resolve(JSON.stringify({ limitation }))
      },
    },
  )
})

test(
  "connections are shared by account, and given up when nobody needs them",
  patient,
  () =>
    withRelay(
      async (relay, bench) => {
        const first = bench.listen(relay.url)
        const second = bench.listen(relay.url, { filters: [{ kinds: [1] }] })
        await until("both", () => first.stored === 1 && second.stored === 1)
        await bench.publish(relay.url, message())
        assert.equal(relay.clients.length, 1)
        const { relay: other, bench: lonely } = {
          relay: await new EmbeddedRelay().start(),
          bench: await Bench.open({ idleMillis: 50 }),
        }
        await lonely.publish(other.url, message())
        await until("nobody", () => other.clients.length === 0)
        await lonely.close()
        await other.stop()
      },
    ),
)

test("closing the scope ends every connection", patient, () =>
  withRelay(async (relay, bench) => {
    const got = bench.listen(relay.url)
    await until("Stored", () => got.stored === 1)
    await bench.close()
    await until("nobody", () => relay.clients.length === 0)
  }))
