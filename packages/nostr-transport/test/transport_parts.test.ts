/**
 * The small parts of the transport that are pure.
 *
 * @module
 */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { test } from "node:test"
import { finalizeEvent } from "nostr-tools/pure"
import { hasOwnId, hasOwnSignature, readEvent, reasonPrefix, refusalAdvice } from "../src/mod.ts"
import { RecentMap } from "../src/recent_map.ts"
import { reconnectDelay } from "../src/reconnect_delay.ts"
import { httpInformation, readRelayHint, RelayHints } from "../src/relay_hints.ts"
import { readRelayMessage } from "../src/relay_message.ts"
import { EmbeddedRelay } from "../src/relay/mod.ts"
import { TokenBucket } from "../src/token_bucket.ts"
import { VerifiedEvents } from "../src/verified_events.ts"
import { signed, testKey } from "./relay_client.ts"

test("reasons: the prefix in all its spellings, and what to do", () => {
  for (
    const [reason, prefix, advice] of [
      ["auth-required: to read", "auth-required", "authenticate"],
      ["ERROR: auth-required: to read", "auth-required", "authenticate"],
      ["error: AUTH-REQUIRED: to read", "auth-required", "authenticate"],
      ["rate-limited: slowly", "rate-limited", "later"],
      ["error: disk full", "error", "later"],
      ["blocked: banned", "blocked", "never"],
      ["Blocked : banned", "blocked", "never"],
      ["invalid:", "invalid", "never"],
      ["blocked", undefined, "never"],
      ["sorry: no", undefined, "never"],
      ["", undefined, "never"],
      [null, undefined, "never"],
      [42, undefined, "never"],
    ] as const
  ) {
    assert.equal(reasonPrefix(reason), prefix, String(reason))
    assert.equal(refusalAdvice(prefix), advice, String(reason))
  }
})

test("waits double up to the cap, with full jitter and never none", () => {
  const timing = { baseMillis: 500, capMillis: 60_000, dwellMillis: 30_000 }
  assert.deepEqual([0, 1, 2, 6, 7, 1000].map((n) => reconnectDelay(timing, n, 1)), [
    500,
    1000,
    2000,
    32_000,
    60_000,
    60_000,
  ])
  assert.equal(reconnectDelay(timing, 3, 0), 400)
  fc.assert(fc.property(fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (n, random) => {
    const delay = reconnectDelay(timing, n, random)
    assert.ok(delay >= 50 && delay <= 60_000)
  }))
})

test("a bucket lets the burst pass, then the rate", () => {
  const bucket = new TokenBucket({ burst: 3, perSecond: 10 }, 0)
  assert.deepEqual([0, 0, 0, 0, 0].map(() => bucket.take(0)), [0, 0, 0, 100, 200])
  assert.equal(bucket.take(1000), 0)
  fc.assert(fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (steps) => {
    const limited = new TokenBucket({ burst: 5, perSecond: 20 }, 0)
    let now = 0
    const sent: Array<number> = []
    for (const step of steps) {
      now += step
      sent.push(now + limited.take(now))
    }
    for (const [i, from] of sent.entries()) {
      const within = sent.slice(i).filter((at) => at < from + 1000).length
      assert.ok(within <= 5 + 20 + 1, `${within} in a second`)
    }
  }))
})

test("a recent map keeps what was used last", () => {
  const map = new RecentMap<number>(2)
  map.set("a", 1)
  map.set("b", 2)
  assert.equal(map.get("a"), 1)
  map.set("c", 3)
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c"), map.size], [1, undefined, 3, 2])
})

test("ids and signatures agree with nostr-tools", () => {
  const key = testKey()
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.array(fc.array(fc.string(), { maxLength: 3 }), { maxLength: 3 }),
      fc.nat(65_535),
      (content, tags, kind) => {
        const event = finalizeEvent({ kind, content, tags, created_at: 1_700_000_000 }, key.secret)
        const read = readEvent(JSON.parse(JSON.stringify(event)))
        assert.ok(read)
        assert.ok(hasOwnId(read) && hasOwnSignature(read))
        assert.ok(!hasOwnId({ ...read, content: `${content}!` }))
        assert.ok(!hasOwnSignature({ ...read, sig: `${"0".repeat(64)}${read.sig.slice(64)}` }))
        assert.ok(!hasOwnSignature({ ...read, pubkey: testKey().publicKey }))
      },
    ),
    { numRuns: 20 },
  )
  const half = signed(key, { content: "x" })
  assert.equal(hasOwnId({ ...half, content: "\ud800" }), false)
})

test("whatever a relay sends is read without throwing", () => {
  fc.assert(fc.property(
    fc.oneof(
      fc.string(),
      fc.json(),
      fc.tuple(
        fc.constantFrom("EVENT", "EOSE", "OK", "CLOSED", "NOTICE", "AUTH", "COUNT"),
        fc.jsonValue(),
        fc.jsonValue(),
        fc.jsonValue(),
      ).map((message) => JSON.stringify(message)),
    ),
    (text) => {
      const message = readRelayMessage(text)
      if (message.verb === "EVENT") assert.fail("no random value is an event")
    },
  ))
})

test("signatures are verified in turns: the event loop runs between them", async () => {
  const key = testKey()
  let running = 0
  let most = 0
  const verified = new VerifiedEvents(() => {
    most = Math.max(most, ++running)
    queueMicrotask(() => running--)
    return true
  }, 1000)
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  const breathing = setImmediate(function again() {
    turns++
    if (turns < 100_000) next = setImmediate(again)
  })
  let next = breathing
  const events = Array.from({ length: 64 }, () => signed(key))
  const before = turns
  const results = await Effect.runPromise(
    Effect.forEach(events, (event) => verified.check(event), { concurrency: "unbounded" }),
  )
  clearInterval(timer)
  clearImmediate(next)
  assert.deepEqual(results, events.map(() => true))
  assert.ok(most <= 4, `${most} signatures in one turn`)
  assert.ok(turns - before >= 4, `${turns - before} turns of the event loop`)
})

test("a signature that was found genuine is not verified again, a forged one is", async () => {
  let calls = 0
  const verified = new VerifiedEvents((event) => {
    calls++
    return Promise.resolve(hasOwnSignature(event))
  }, 10)
  const event = signed(testKey())
  const forged = { ...event, sig: "0".repeat(128) }
  const check = (one: typeof event) => Effect.runPromise(verified.check(one))
  for (const one of [forged, forged]) assert.equal(await check(one), false)
  for (const one of [event, event]) assert.equal(await check(one), true)
  assert.equal(calls, 3)
  assert.equal(await check(forged), false)
  assert.equal(calls, 4)
  const throwing = new VerifiedEvents(() => {
    throw new Error("out of order")
  }, 10)
  assert.equal(await Effect.runPromise(throwing.check(event)), false)
})

test("relay information: what is plausible, once a day, never a failure", async () => {
  assert.deepEqual(readRelayHint('{"limitation":{"max_message_length":65536,"max_limit":300}}'), {
    maxMessageBytes: 65_536,
    maxLimit: 300,
  })
  for (const document of ["", "[]", '{"limitation":7}', '{"limitation":{"max_limit":-1}}']) {
    assert.deepEqual(readRelayHint(document), {})
  }
  const relay = await new EmbeddedRelay({ limits: { maxMessageBytes: 5000 } }).start()
  let asked = 0
  const hints = new RelayHints((url, signal) => {
    asked++
    return httpInformation(url, signal)
  })
  assert.deepEqual(hints.of(relay.url), {})
  await Effect.runPromise(hints.learn(relay.url))
  await Effect.runPromise(hints.learn(relay.url))
  assert.deepEqual(hints.of(relay.url), { maxMessageBytes: 5000, maxLimit: 500 })
  assert.equal(asked, 1)
  await relay.stop()
  await Effect.runPromise(hints.learn(`${relay.url}/gone`))
  assert.deepEqual(hints.of(`${relay.url}/gone`), {})
})
