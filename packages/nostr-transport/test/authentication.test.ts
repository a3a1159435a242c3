/**
 * NIP-42 as relays really do it: late challenges, odd prefixes, refusals, floods.
 *
 * @module
 */
import assert from "node:assert/strict"
import { SignerError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { test } from "node:test"
import { signed, testKey } from "./relay_client.ts"
import { identityOf, patient, pause, until, withRelay } from "./transport_bench.ts"

const key = testKey()
const wrapFor = (publicKey: string) => signed(testKey(), { kind: 1059, tags: [["p", publicKey]] })
const inbox = { kinds: [1059], tags: { p: [key.publicKey] } }

for (const reasonPrefix of ["", "ERROR: "]) {
  test(
    `reads a guarded inbox before and after a reconnect; prefix '${reasonPrefix}'`,
    patient,
    () =>
      withRelay(async (relay, bench) => {
        const wrap = wrapFor(key.publicKey)
        relay.seed(wrap)
        const got = bench.listen(relay.url, { filters: [inbox], identity: identityOf(key) })
        await until("Stored", () => got.stored === 1)
        assert.deepEqual(got.ids, [wrap.id])
        relay.clients.forEach((client) => client.reset())
        const next = wrapFor(key.publicKey)
        relay.seed(next)
        await until("the next one", () => got.ids.includes(next.id))
        assert.deepEqual(got.interruptions, ["disconnected"])
      }, { faults: { reasonPrefix } }),
  )
}

test(
  "a challenge on connecting is not answered before the relay asks for it",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      let proofs = 0
      relay.observe((seen) =>
        proofs += seen.direction === "received" && seen.verb === "AUTH" ? 1 : 0
      )
      const identity = identityOf(key)
      const got = bench.listen(relay.url, { identity })
      await until("Stored", () => got.stored === 1)
      assert.equal(proofs, 0)
      await bench.publish(relay.url, signed(key, { kind: 445, tags: [["-"]] }), identity)
      assert.equal(proofs, 1)
    }, { challengeOnConnect: true }),
)

test(
  "a protected event is published after authentication",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      const event = signed(key, { tags: [["-"]] })
      assert.deepEqual(await bench.publish(relay.url, event, identityOf(key)), {
        outcome: "accepted",
      })
      assert.deepEqual(await bench.publish(relay.url, signed(key, { tags: [["-"]] })), {
        outcome: "rejected",
        prefix: "auth-required",
      })
    }),
)

test(
  "a relay that requires authentication serves those who can and tells the others",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      const event = signed(key, { kind: 445, tags: [["h", "g"]] })
      relay.seed(event)
      const member = bench.listen(relay.url, { identity: identityOf(key) })
      const nobody = bench.listen(relay.url)
      await until("Stored", () => member.stored === 1)
      // The transport goes on trying: on a slow machine the refusal may come more than once.
      await until("the refusal", () => nobody.interruptions.length > 0)
      assert.deepEqual(member.ids, [event.id])
      assert.deepEqual([nobody.ids, new Set(nobody.interruptions)], [
        [],
        new Set(["auth-required"]),
      ])
    }, { authRequired: true }),
)

test(
  "a refused proof, a refusing signer and one that never answers are told, nothing more",
  patient,
  () =>
    withRelay(
      async (relay, bench) => {
        relay.setFaults({ refuseAuth: "restricted: not on the list" })
        const refused = bench.listen(relay.url, { filters: [inbox], identity: identityOf(key) })
        await until("the refusal", () => refused.interruptions[0] === "auth-required")
        relay.setFaults({})
        const rejects = Effect.fail(new SignerError({ operation: "sign", reason: "rejected" }))
        const other = testKey()
        const refusing = bench.listen(relay.url, {
          filters: [{ kinds: [1059], tags: { p: [other.publicKey] } }],
          identity: identityOf(other, rejects),
        })
        await until("the signer's refusal", () => refusing.interruptions[0] === "auth-required")
        const third = testKey()
        const silent = bench.listen(relay.url, {
          filters: [{ kinds: [1059], tags: { p: [third.publicKey] } }],
          identity: identityOf(third, Effect.never),
        })
        await until("the time-out", () => silent.interruptions[0] === "auth-required")
      },
      {},
      { signerMillis: 150 },
    ),
)

test(
  "200 challenges: one question, one signature",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      let signatures = 0
      const slow = Effect.andThen(Effect.sync(() => void signatures++), Effect.sleep(30))
      const got = bench.listen(relay.url, { filters: [inbox], identity: identityOf(key, slow) })
      await until("Stored", () => got.stored === 1)
      const [client] = relay.clients
      assert.ok(client)
      for (let i = 0; i < 200; i++) relay.challenge(client)
      await pause(100)
      assert.equal(signatures, 1)
    }),
)

test("two accounts never share a connection", patient, () =>
  withRelay(async (relay, bench) => {
    const other = testKey()
    const mine = bench.listen(relay.url, { filters: [inbox], identity: identityOf(key) })
    const theirs = bench.listen(relay.url, {
      filters: [{ kinds: [1059], tags: { p: [other.publicKey] } }],
      identity: identityOf(other),
    })
    const anonymous = bench.listen(relay.url)
    await until("all", () => mine.stored + theirs.stored + anonymous.stored === 3)
    assert.equal(relay.clients.length, 3)
  }))

test(
  "questions that are refused at the same time share one signature",
  patient,
  () =>
    withRelay(async (relay, bench) => {
      let signatures = 0
      const slow = Effect.andThen(Effect.sync(() => void signatures++), Effect.sleep(50))
      const identity = identityOf(key, slow)
      const all = [1, 2, 3].map(() => bench.listen(relay.url, { filters: [inbox], identity }))
      await until("all", () => all.every((one) => one.stored === 1))
      assert.equal(signatures, 1)
      assert.equal(relay.clients.length, 1)
    }),
)
