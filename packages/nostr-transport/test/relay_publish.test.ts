/**
 * What one relay's answers to one event amount to.
 *
 * @module
 */
import assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import { test } from "node:test"
import type { Acknowledgement } from "../src/connection_session.ts"
import type { ReasonPrefix } from "../src/reason_prefix.ts"
import type { RelayConnection } from "../src/relay_connection.ts"
import { publishToRelay } from "../src/relay_publish.ts"
import { signed, testKey } from "./relay_client.ts"

const event = signed(testKey(), { kind: 445, tags: [["h", "g"]] })
const lost: Acknowledgement = { _tag: "Disconnected" }
const refused = (prefix: ReasonPrefix): Acknowledgement => ({
  _tag: "Answered",
  accepted: false,
  prefix,
})

/** Publishes where the attempts end like this; the last one again and again. */
const publish = (
  answers: ReadonlyArray<Acknowledgement | "silence">,
  maxMessageBytes: () => number | undefined = () => undefined,
) => {
  let attempts = 0
  const connection: RelayConnection = {
    url: "wss://relay.test",
    session: () => 1,
    attach: () => Effect.void,
    live: Effect.succeed(true),
    exchange: () =>
      Effect.suspend(() => {
        const answer = answers[Math.min(attempts++, answers.length - 1)]
        return answer === undefined || answer === "silence" ? Effect.never : Effect.succeed(answer)
      }),
    authenticate: Effect.succeed(false),
    strike: () => {},
  }
  const limits = {
    totalMillis: 200,
    connectMillis: 100,
    attempts: 3,
    timing: { baseMillis: 1, capMillis: 1, dwellMillis: 1 },
  }
  return Effect.runPromise(
    publishToRelay("wss://relay.test", connection, event, limits, maxMessageBytes),
  )
}

test("a refusal is one only when nothing before it may have reached the relay", async () => {
  const inDoubt = { relay: "wss://relay.test", outcome: "unanswered" }
  assert.deepEqual(await publish([refused("blocked")]), {
    relay: "wss://relay.test",
    outcome: "rejected",
    prefix: "blocked",
  })
  assert.deepEqual(await publish([refused("rate-limited"), refused("blocked")]), {
    relay: "wss://relay.test",
    outcome: "rejected",
    prefix: "blocked",
  })
  assert.deepEqual(await publish([refused("rate-limited")]), {
    relay: "wss://relay.test",
    outcome: "unanswered",
    prefix: "rate-limited",
  })
  assert.deepEqual(await publish([lost, refused("blocked")]), inDoubt)
  assert.deepEqual(await publish([lost, refused("rate-limited"), refused("invalid")]), inDoubt)
  assert.deepEqual(await publish([refused("error"), refused("blocked")]), inDoubt)
  assert.deepEqual(await publish([refused("rate-limited"), "silence"]), inDoubt)
  assert.deepEqual(await publish([lost, refused("auth-required")]), inDoubt)
})

test("a limit that becomes known after the event was sent is no refusal", async () => {
  let asked = 0
  const answer = await publish([lost], () => asked++ === 0 ? undefined : 10)
  assert.equal(answer.outcome, "unanswered")
})

test("an acknowledgement ends every doubt", async () => {
  assert.equal((await publish([lost, refused("duplicate")])).outcome, "accepted")
})
