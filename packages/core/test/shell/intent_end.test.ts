import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { endUnsent } from "../../src/shell/intent_end.ts"
import type { Intent } from "../../src/shell/intent_record.ts"

const TALLY = { accepted: 1, rejected: 0, unanswered: 1, of: 2 }
const FAILED = { _tag: "Failed", reason: "unrecoverable" } as const
const base = { id: "i", group: "g", position: 1 }
const message: Intent = {
  ...base,
  state: { _tag: "Unconfirmed", relays: TALLY },
  body: { kind: "message", message: "m", held: true },
  once: "key",
}

describe("what was still to be sent by keys that were given up", () => {
  it("has failed, whether it was held, queued or maybe out, and is held no more", () => {
    assert.deepEqual(endUnsent(message), {
      ...message,
      state: FAILED,
      body: { kind: "message", message: "m" },
    })
    const held: Intent = {
      ...base,
      state: { _tag: "Held", why: "own-change-pending" },
      body: {
        kind: "invite",
        held: [{ account: "a", event: "e", message: "m", inbox: [] }],
        again: true,
      },
    }
    assert.deepEqual(endUnsent(held), { ...base, state: FAILED, body: { kind: "invite" } })
  })

  it("stays what it is when a relay has acknowledged it", () => {
    const published: Intent = {
      ...base,
      state: { _tag: "Published", relays: TALLY },
      body: { kind: "message", message: "m" },
    }
    assert.deepEqual(endUnsent(published), published)
  })

  it("keeps invitations that went out; a founding is published when one of them is", () => {
    const founding: Intent = {
      ...base,
      state: { _tag: "Unconfirmed", relays: TALLY },
      body: { kind: "founding" },
      tally: TALLY,
      welcomes: {
        out: { _tag: "Published", relays: TALLY },
        doubt: { _tag: "Unconfirmed", relays: TALLY },
      },
    }
    const ended = endUnsent(founding)
    assert.deepEqual(ended.state, { _tag: "Published", relays: TALLY })
    assert.deepEqual(ended.welcomes, { out: founding.welcomes?.["out"], doubt: FAILED })
    const applied: Intent = {
      ...founding,
      state: { _tag: "Applied", epoch: 2n },
      body: { kind: "invite" },
    }
    assert.deepEqual(endUnsent(applied).state, { _tag: "Applied", epoch: 2n })
    assert.deepEqual(endUnsent({ ...founding, welcomes: {} }).state, FAILED)
  })
})
