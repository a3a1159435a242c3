import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { layer } from "@mdk/storage-memory"
import fc from "fast-check"
import * as Effect from "effect/Effect"
import type { GroupId } from "../../src/api/ids.ts"
import type { Cursor } from "../../src/api/page.ts"
import type { Message } from "../../src/api/values.ts"
import { encodeHex } from "../../src/codec/mod.ts"
import { COLLECTIONS, TEXTS } from "../../src/group/mod.ts"
import type { PublicKey } from "../../src/identity/mod.ts"
import {
  chatMessage,
  deletionOf,
  editOf,
  type InnerContent,
  type InnerEvent,
  makeInnerEvent,
  reactionTo,
} from "../../src/message/mod.ts"
import { Storage, type StorageService, systemEntropy, wordsOf } from "../../src/services/mod.ts"
import { makeOutputWriter } from "../../src/shell/group_output.ts"
import { pageMessages } from "../../src/shell/message_pages.ts"
import { makePositions } from "../../src/shell/positions.ts"
import { resolveRows } from "../../src/shell/timeline_reader.ts"

const GROUP = "aa".repeat(32) as GroupId
const [ann, bob, admin] = ["0a", "0b", "0d"].map((two) => two.repeat(32) as PublicKey)
const AUTHORS = [ann!, bob!, admin!]
const WORDS = ["ant", "bee", "cat", "dog"]

/** A group of three with a name, so that an admin may delete what others wrote. */
const named = {
  id: GROUP,
  mlsGroupId: new Uint8Array(16),
  summary: {
    name: "Zoo",
    description: "",
    admins: [admin!],
    members: AUTHORS,
    relays: [],
    retention: "0",
  },
}

/** A history over one storage; each call of `receive` is one batch. */
const makeHistory = Effect.gen(function* () {
  const service = yield* Storage
  yield* service.declare(COLLECTIONS)
  let reads = 0
  const counted = <A>(read: A): A => {
    reads++
    return read
  }
  const storage: StorageService = {
    ...service,
    get: (...query) => counted(service.get(...query)),
    page: (...query) => counted(service.page(...query)),
    count: (...query) => counted(service.count(...query)),
  }
  const positions = makePositions(0)
  const receive = Effect.fnUntraced(function* (
    events: ReadonlyArray<InnerEvent>,
    expiresAt?: (event: InnerEvent) => bigint | undefined,
  ) {
    const output = makeOutputWriter({ storage, positions }, 1_700_000_000_000)
    for (const event of events) {
      yield* output.add([{
        tag: "message",
        group: GROUP,
        event,
        epoch: 1n,
        leaf: 0,
        generation: 0,
        missing: 0,
        digest: event.id,
        byAdmin: event.pubkey === admin,
        expiresAt: expiresAt?.(event),
      }], named)
    }
    yield* storage.commit({
      id: encodeHex(systemEntropy.bytes(16)),
      verbs: output.told().verbs,
    })
  })
  return { storage, receive, reads: () => reads }
})

const inHistory = <A>(
  body: (history: Effect.Success<typeof makeHistory>) => Effect.Effect<A, unknown>,
): Promise<A> => Effect.runPromise(Effect.provide(Effect.flatMap(makeHistory, body), layer))

const all = (storage: StorageService): Effect.Effect<ReadonlyArray<Message>, unknown> =>
  Effect.flatMap(
    pageMessages(storage, GROUP, { limit: 500 }),
    ({ items }) => resolveRows(storage, items),
  )

/** Everything that a search finds, in pages of three, forth and back. */
const found = Effect.fnUntraced(function* (storage: StorageService, text: string) {
  const where = { text }
  const read = Effect.fnUntraced(function* (
    from: { readonly before: Cursor<Message> } | { readonly after: Cursor<Message> } | undefined,
  ) {
    const page = yield* pageMessages(storage, GROUP, { where, limit: 3, ...from })
    return { ...page, items: yield* resolveRows(storage, page.items) }
  })
  let page = yield* read(undefined)
  const items = [...page.items]
  while (page.older !== undefined) {
    page = yield* read({ before: page.older })
    items.push(...page.items)
  }
  // The way back must meet the same messages.
  const back = [...page.items]
  while (page.newer !== undefined) {
    page = yield* read({ after: page.newer })
    back.unshift(...page.items)
  }
  assert.deepEqual(back.map(({ id }) => id), items.map(({ id }) => id))
  return items
})

const matching = (messages: ReadonlyArray<Message>, text: string): ReadonlyArray<Message> =>
  messages.filter(({ content }) =>
    content._tag === "Text" &&
    wordsOf(text).every((word) => wordsOf(content.text).includes(word))
  )

const assertConsistent = Effect.fnUntraced(function* (storage: StorageService) {
  const messages = yield* all(storage)
  for (const text of [...WORDS, "ant bee", "Dog, CAT!"]) {
    assert.deepEqual(yield* found(storage, text), matching(messages, text), text)
  }
  const texts = yield* storage.count(TEXTS.name, { index: "key" }, 1000)
  assert.equal(texts, messages.filter(({ content }) => content._tag === "Text").length)
})

/** What somebody does: with which words, to which earlier thing, and how late by their own word. */
interface Act {
  readonly by: number
  /** True: whoever did what this is about does this. */
  readonly own: boolean
  readonly what: "say" | "reply" | "edit" | "delete" | "react" | "other"
  readonly to: number
  readonly words: ReadonlyArray<string>
  readonly at: number
}

const acts: fc.Arbitrary<ReadonlyArray<Act>> = fc.array(
  fc.record({
    by: fc.nat({ max: AUTHORS.length - 1 }),
    own: fc.boolean(),
    what: fc.constantFrom("say", "reply", "edit", "edit", "delete", "delete", "react", "other"),
    to: fc.nat({ max: 5 }),
    words: fc.subarray(WORDS),
    at: fc.nat({ max: 40 }),
  }),
  { maxLength: 25 },
)

const contentOf = (act: Act, target: InnerEvent | undefined): InnerContent => {
  const text = act.words.join(" ")
  if (target === undefined || act.what === "say") return chatMessage(text)
  switch (act.what) {
    case "reply":
      return chatMessage(text, { replyTo: target.id })
    case "edit":
      return editOf(target.id, text)
    case "delete":
      return deletionOf(target.id)
    case "react":
      return reactionTo(target.id, text === "" ? "+" : text)
    case "other":
      return { kind: 30, tags: [], content: text }
  }
}

/** Acts as events: a target is any event before, rows or not. */
const eventsOf = (list: ReadonlyArray<Act>): ReadonlyArray<InnerEvent> => {
  const events: Array<InnerEvent> = []
  for (const act of list) {
    const target = events.at(-1 - act.to)
    const author = act.own && target !== undefined ? target.pubkey : AUTHORS[act.by]!
    events.push(makeInnerEvent(author, BigInt(1_700_000_000 + act.at), contentOf(act, target)))
  }
  return events
}

describe("what a search finds", () => {
  it("is what a filter of the timeline finds, in whatever order and batches things come", async () => {
    await fc.assert(
      fc.asyncProperty(
        acts,
        fc.infiniteStream(fc.nat()),
        fc.array(fc.constantFrom(1, 2, 4, 12), { minLength: 1, maxLength: 5 }),
        (list, draws, sizes) =>
          inHistory(({ storage, receive }) =>
            Effect.gen(function* () {
              const events = eventsOf(list)
              const rest = [...events]
              for (let round = 0; rest.length > 0; round++) {
                const size = sizes[round % sizes.length] ?? 1
                const batch = Array.from({ length: Math.min(size, rest.length) }, () => {
                  const [one] = rest.splice(draws.next().value % rest.length, 1)
                  return one!
                })
                yield* receive(batch)
                yield* assertConsistent(storage)
              }
            })
          ),
      ),
      { numRuns: 300 },
    )
  })

  it("follows an edit, the deletion of the edit, and the deletion of the message", () =>
    inHistory(({ storage, receive }) =>
      Effect.gen(function* () {
        const row = makeInnerEvent(ann!, 1n, chatMessage("the ant"))
        const edit = makeInnerEvent(ann!, 2n, editOf(row.id, "the bee"))
        const foreign = makeInnerEvent(bob!, 3n, editOf(row.id, "the dog"))
        yield* receive([row])
        yield* receive([edit, foreign])
        assert.deepEqual((yield* found(storage, "bee")).map(({ id }) => id), [row.id])
        assert.deepEqual(yield* found(storage, "ant"), [])
        assert.deepEqual(yield* found(storage, "dog"), [])
        yield* receive([makeInnerEvent(ann!, 4n, deletionOf(edit.id))])
        assert.equal((yield* found(storage, "ant")).length, 1)
        assert.deepEqual(yield* found(storage, "bee"), [])
        yield* receive([makeInnerEvent(bob!, 5n, deletionOf(row.id))])
        assert.equal((yield* found(storage, "ant")).length, 1)
        yield* receive([makeInnerEvent(admin!, 6n, deletionOf(row.id))])
        assert.deepEqual(yield* found(storage, "ant"), [])
        assert.equal(yield* storage.count(TEXTS.name, { index: "key" }, 10), 0)
      })
    ))

  it("keeps the place of an edited message", () =>
    inHistory(({ storage, receive }) =>
      Effect.gen(function* () {
        const [first, second] = ["ant one", "ant two"].map((text) =>
          makeInnerEvent(ann!, 1n, chatMessage(text))
        )
        yield* receive([first!, second!])
        const edits = Array.from(
          { length: 300 },
          (_, n) => makeInnerEvent(ann!, BigInt(10 + n), editOf(first!.id, `ant edited ${n}`)),
        )
        yield* receive(edits.slice(0, 299).toReversed())
        yield* receive(edits.slice(299))
        assert.deepEqual((yield* found(storage, "ant")).map(({ id }) => id), [
          second!.id,
          first!.id,
        ])
        assert.deepEqual((yield* found(storage, "edited 299")).map(({ id }) => id), [first!.id])
        assert.deepEqual(yield* found(storage, "edited 298"), [])
      })
    ))

  it("costs as many reads for each message, however much there is", () =>
    inHistory(({ storage, receive, reads }) =>
      Effect.gen(function* () {
        const cost = Effect.fnUntraced(function* (n: number) {
          const before = reads()
          const row = makeInnerEvent(ann!, BigInt(n), chatMessage(`ant ${n}`))
          yield* receive([row])
          yield* receive([makeInnerEvent(ann!, BigInt(n + 1), editOf(row.id, `bee ${n}`))])
          yield* receive([makeInnerEvent(ann!, BigInt(n + 2), deletionOf(row.id))])
          return reads() - before
        })
        const first = yield* cost(0)
        yield* receive(
          Array.from({ length: 1000 }, (_, n) => makeInnerEvent(ann!, 5n, chatMessage(`cat ${n}`))),
        )
        assert.equal(yield* cost(100), first)
        assert.ok(first > 0 && first < 30, `${first}`)
        assert.equal(yield* storage.count(TEXTS.name, { index: "key" }, 2000), 1000)
      })
    ))

  it("disappears with the message, or with the edit that it comes from", () =>
    inHistory(({ storage, receive }) =>
      Effect.gen(function* () {
        const row = makeInnerEvent(ann!, 1n, chatMessage("ant"))
        const other = makeInnerEvent(ann!, 2n, chatMessage("bee"))
        const edit = makeInnerEvent(ann!, 3n, editOf(other.id, "cat"))
        yield* receive(
          [row, other, edit],
          ({ id }) => id === row.id ? 100n : id === other.id ? 300n : 200n,
        )
        const due = (to: number) => storage.count(TEXTS.name, { index: "expiry", from: 0, to }, 10)
        assert.deepEqual([yield* due(100), yield* due(101), yield* due(200), yield* due(201)], [
          0,
          1,
          1,
          2,
        ])
      })
    ))

  it("is bounded for a long text, wherever that is cut", () =>
    inHistory(({ storage, receive }) =>
      Effect.gen(function* () {
        const long = `${"😀 ".repeat(10_666)}x😀 dog`
        yield* receive([makeInnerEvent(ann!, 1n, chatMessage(`ant ${long}`))])
        assert.equal((yield* found(storage, "ant")).length, 1)
        assert.deepEqual(yield* found(storage, "dog"), [])
      })
    ))

  for (const text of ["", "  ", "👍 !?", "a".repeat(257)]) {
    it(`refuses to look for ${JSON.stringify(text.slice(0, 9))}`, () =>
      inHistory(({ storage }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(pageMessages(storage, GROUP, { where: { text } }))
          assert.equal(error._tag, "ArgumentError")
          assert.equal(error.reason, "search-text")
        })
      ))
  }

  it("takes a cursor of the same words in the same group only", () =>
    inHistory(({ storage, receive }) =>
      Effect.gen(function* () {
        yield* receive(
          [1n, 2n].map((at) => makeInnerEvent(ann!, at, chatMessage("ant"))),
        )
        const { older } = yield* pageMessages(storage, GROUP, { where: { text: "ant" }, limit: 1 })
        assert.ok(older !== undefined)
        const ask = (group: string | undefined, text: string | undefined) =>
          pageMessages(storage, group, {
            before: older,
            ...(text === undefined ? {} : { where: { text } }),
          })
        assert.equal((yield* ask(GROUP, "ANT!")).items.length, 1)
        for (
          const wrong of [
            ask(GROUP, "bee"),
            ask(GROUP, undefined),
            ask(undefined, "ant"),
            ask("bb".repeat(32), "ant"),
          ]
        ) assert.equal((yield* Effect.flip(wrong)).reason, "cursor")
      })
    ))
})
