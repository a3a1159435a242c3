/**
 * All faults at once, in an order that a seed decides (`MDK_SEED` replays one): with one honest relay
 * nothing that was accepted is lost, nothing is given twice, nothing unverified.
 *
 * @module
 */
import assert from "node:assert/strict"
import process from "node:process"
import { test } from "node:test"
import type { NostrEvent } from "@mdk/core/services"
import { type Admission, EmbeddedRelay, type RelayFaults, seededRandom } from "../src/relay/mod.ts"
import { now, signed, testKey } from "./relay_client.ts"
import { Bench, pause, until } from "./transport_bench.ts"

const seed = Number(process.env["MDK_SEED"] ?? Math.floor(Math.random() * 1_000_000))

test(`a mixture of faults, seed ${seed}`, { timeout: 60_000 }, async () => {
  const random = seededRandom(seed)
  const pick = <A>(...choices: ReadonlyArray<A>): A => {
    const choice = choices[Math.floor(random() * choices.length)]
    if (choice === undefined) throw new Error("no choice")
    return choice
  }
  const relays = await Promise.all(
    [1, 2, 3].map((n) => new EmbeddedRelay({ seed: seed + n }).start()),
  )
  const [honest, ...faulty] = relays
  assert.ok(honest)
  const urls = relays.map((relay) => relay.url)
  const options = { probeAfterMillis: 200, probeMillis: 200, acknowledgementMillis: 400 }
  const [writer, reader] = [await Bench.open(options), await Bench.open(options)]
  const got = reader.listen(urls)
  const key = testKey()
  const sent: Array<NostrEvent> = []

  const forge = (faults: RelayFaults): RelayFaults => ({
    ...faults,
    outgoing: (_, wire) => {
      if (wire[0] !== "EVENT" || random() < 0.5) return [wire]
      const event = wire[2]
      if (typeof event !== "object" || event === null) return [wire]
      return [[wire[0], wire[1], { ...event, content: "forged" }], wire]
    },
  })
  const disturb = async (relay: EmbeddedRelay): Promise<void> => {
    const faults: RelayFaults = {
      drop: pick(0, 0.3),
      duplicate: pick(0, 0.5),
      ...(random() < 0.5 ? { delayMillis: [0, pick(5, 60)] } : {}),
      ...(random() < 0.2 ? { neverAnswer: true } : {}),
      ...(random() < 0.2
        ? { refuseQuestions: pick("rate-limited: x", "error: x", "blocked: x") }
        : {}),
      ...(random() < 0.2
        ? { refuseEvents: pick("rate-limited: x", "error: x", "blocked: x") }
        : {}),
      ...(random() < 0.2 ? { admission: pick<Admission>("black-hole", "reset", "drip", 503) } : {}),
    }
    relay.setFaults(random() < 0.5 ? forge(faults) : faults)
    for (const client of relay.clients) {
      pick(
        () => client.close(1001),
        () => client.end(),
        () => client.reset(),
        () => client.freeze(),
        () => client.sendText("rubbish"),
        () => client.sendBinary(new Uint8Array([1])),
        () => undefined,
        () => undefined,
      )()
    }
    if (random() < 0.15) {
      await relay.stop({ reset: true })
      await pause(pick(5, 50))
      await relay.start()
    }
  }

  try {
    for (let round = 0; round < 25; round++) {
      for (const relay of faulty) await disturb(relay)
      // The honest one is only unlucky.
      if (random() < 0.2) honest.clients.forEach((client) => client.reset())
      const event = signed(key, {
        kind: 445,
        tags: [["h", "g"]],
        created_at: now() - Math.floor(random() * 500),
      })
      const answer = await writer.publish(honest.url, event)
      if (answer.outcome === "accepted") sent.push(event)
      await Promise.all(
        faulty.map((relay) => random() < 0.5 ? writer.publish(relay.url, event) : undefined),
      )
    }
    for (const relay of faulty) relay.setFaults({})
    await until(
      `all ${sent.length} events, seed ${seed}`,
      () => sent.every((event) => got.ids.includes(event.id)),
    )
    assert.ok(sent.length >= 20, `${sent.length} accepted`)
    assert.equal(new Set(got.ids).size, got.ids.length, "given once")
    for (const event of got.events) assert.notEqual(event.content, "forged")
  } finally {
    await writer.close()
    await reader.close()
    for (const relay of relays) await relay.stop({ reset: true })
  }
  assert.ok(relays.every((relay) => relay.clients.length === 0))
})
