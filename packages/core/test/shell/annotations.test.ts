import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { layer } from "@mdk/storage-memory"
import * as Effect from "effect/Effect"
import { encodeHex } from "../../src/codec/mod.ts"
import { COLLECTIONS } from "../../src/group/mod.ts"
import type { PublicKey } from "../../src/identity/mod.ts"
import {
  chatMessage,
  deletionOf,
  editOf,
  type InnerContent,
  makeInnerEvent,
  type MessageId,
  reactionTo,
} from "../../src/message/mod.ts"
import { Storage, systemEntropy } from "../../src/services/mod.ts"
import { reactionsBy } from "../../src/shell/annotation_reader.ts"
import { type PlacedMessage, putMessage } from "../../src/shell/message_rows.ts"
import { resolveRows } from "../../src/shell/timeline_reader.ts"

const GROUP = "aa".repeat(32)
const ann = "0a".repeat(32) as PublicKey
const bob = "0b".repeat(32) as PublicKey
const cleo = "0c".repeat(32) as PublicKey
const admin = "0d".repeat(32) as PublicKey

const makeHistory = Effect.gen(function* () {
  const storage = yield* Storage
  yield* storage.declare(COLLECTIONS)
  let position = 0
  const put = Effect.fnUntraced(function* (
    author: PublicKey,
    contents: ReadonlyArray<InnerContent>,
  ) {
    const placed = contents.map((content): PlacedMessage => ({
      group: GROUP,
      position: ++position,
      event: makeInnerEvent(author, BigInt(1_700_000_000 + position), content),
      receivedAt: 0,
      moderator: author === admin,
    }))
    yield* storage.commit({
      id: encodeHex(systemEntropy.bytes(16)),
      verbs: placed.flatMap(putMessage),
    })
    return placed
  })
  const [row] = yield* put(ann, [chatMessage("first")])
  assert.ok(row !== undefined)
  const view = Effect.gen(function* () {
    const [message] = yield* resolveRows(storage, [row])
    assert.ok(message !== undefined)
    return message
  })
  return { storage, put, row, id: row.event.id, view }
})

/** 1500 things that bob does to a message. */
const flood = (make: (n: number) => InnerContent): ReadonlyArray<InnerContent> =>
  Array.from({ length: 1500 }, (_, n) => make(n))

const inHistory = (
  body: (history: Effect.Success<typeof makeHistory>) => Effect.Effect<void, unknown>,
) => Effect.runPromise(Effect.provide(Effect.flatMap(makeHistory, body), layer))

const floods: ReadonlyArray<[string, (id: MessageId) => (n: number) => InnerContent]> = [
  ["reactions", (id) => (n) => reactionTo(id, `${n}`)],
  ["edits by somebody else", (id) => (n) => editOf(id, `no ${n}`)],
  ["deletions by somebody else", (id) => () => deletionOf(id)],
]

describe("a message under a heap of annotations", () => {
  for (const [name, make] of floods) {
    it(`can be edited, deleted and reacted to: ${name}`, () =>
      inHistory(({ put, id, view }) =>
        Effect.gen(function* () {
          yield* put(bob, flood(make(id)))
          yield* put(ann, [editOf(id, "second"), editOf(id, "third")])
          yield* put(cleo, [reactionTo(id, "👍")])
          yield* put(bob, flood(make(id)))
          const edited = yield* view
          assert.deepEqual(edited.content, { _tag: "Text", text: "third" })
          assert.ok(edited.reactions.some(({ emoji, by }) => emoji === "👍" && by.includes(cleo)))
          yield* put(admin, [deletionOf(id)])
          yield* put(bob, flood(make(id)))
          assert.deepEqual((yield* view).content, { _tag: "Deleted", by: "admin" })
          yield* put(ann, [deletionOf(id)])
          const deleted = yield* view
          assert.deepEqual(deleted.content, { _tag: "Deleted", by: "author" })
          assert.deepEqual(deleted.reactions, [])
        })
      ))
  }

  it("loses an edit and a reaction that were taken away, and shows those before", () =>
    inHistory(({ storage, put, row, id, view }) =>
      Effect.gen(function* () {
        yield* put(bob, flood((n) => reactionTo(id, `${n}`)))
        const [, second] = yield* put(ann, [editOf(id, "second"), editOf(id, "third")])
        const [thumb, heart] = yield* put(cleo, [reactionTo(id, "👍"), reactionTo(id, "❤️")])
        assert.ok(second !== undefined && thumb !== undefined && heart !== undefined)
        yield* put(ann, [deletionOf(second.event.id)])
        yield* put(bob, flood(() => deletionOf(heart.event.id)))
        yield* put(cleo, [deletionOf(thumb.event.id)])
        const message = yield* view
        assert.deepEqual(message.content, { _tag: "Text", text: "second" })
        const own = message.reactions.filter(({ by }) => by.includes(cleo))
        assert.deepEqual(own.map(({ emoji }) => emoji), ["❤️"])
        const kept = yield* reactionsBy(storage, row, cleo)
        assert.deepEqual(kept.map(({ event }) => event.id), [heart.event.id])
      })
    ))
})
