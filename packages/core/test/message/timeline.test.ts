import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { parseSecretKey, publicKeyOf } from "@mdk/core/identity"
import {
  affectedRows,
  chatMessage,
  deletionOf,
  editOf,
  fallbackOf,
  type InnerContent,
  type InnerEvent,
  makeInnerEvent,
  type MessageId,
  type MessageView,
  poll,
  pollResponse,
  projectMessage,
  projectTimeline,
  reactionTo,
  relationOf,
  systemRow,
  targetsOf,
  type TimelineEvent,
} from "../../src/message/mod.ts"

const account = (digit: number) => publicKeyOf(parseSecretKey(`${"0".repeat(63)}${digit}`))
const [alice, bob, carol] = [account(3), account(4), account(5)]

/** A history in the making: positions count up. */
class History {
  readonly events: Array<TimelineEvent> = []

  add(
    author: typeof alice,
    content: InnerContent,
    more: Partial<TimelineEvent> & { readonly at?: bigint } = {},
  ): MessageId {
    const { at, ...rest } = more
    const event = makeInnerEvent(author, at ?? BigInt(1000 + this.events.length), content)
    this.events.push({ event, position: this.events.length, moderator: false, ...rest })
    return event.id
  }

  view(id: MessageId): MessageView {
    const view = projectTimeline(this.events).find((row) => row.id === id)
    assert.ok(view !== undefined)
    return view
  }
}

describe("timeline", () => {
  it("shows rows in order of arrival with author, time and reply", () => {
    const history = new History()
    const first = history.add(alice, chatMessage("one"), { at: 50n })
    const second = history.add(bob, chatMessage("two", { replyTo: first }), {
      at: 10n,
      expiresAt: 70n,
    })
    assert.deepEqual(projectTimeline(history.events), [
      {
        id: first,
        author: alice,
        claimedAt: 50n,
        position: 0,
        content: { _tag: "Text", text: "one" },
        fallback: "one",
        reactions: [],
      },
      {
        id: second,
        author: bob,
        claimedAt: 10n,
        position: 1,
        content: { _tag: "Text", text: "two" },
        fallback: "two",
        replyTo: first,
        expiresAt: 70n,
        reactions: [],
      },
    ])
  })

  it("applies the author's last edit and nobody else's, without moving the row", () => {
    const history = new History()
    const id = history.add(alice, chatMessage("draft"))
    history.add(alice, editOf(id, "final"), { at: 90n })
    history.add(alice, editOf(id, "earlier"), { at: 80n })
    history.add(bob, editOf(id, "forged"), { at: 99n, moderator: true })
    history.add(alice, { kind: 1009, tags: [["e", id], ["e", id]], content: "two targets" }, {
      at: 98n,
    })
    const view = history.view(id)
    assert.deepEqual(view.content, { _tag: "Text", text: "final" })
    assert.equal(view.fallback, "final")
    assert.equal(view.edited, 90n)
    assert.equal(view.position, 0)
    assert.equal(projectTimeline(history.events).length, 1)
  })

  it("decides between edits of one second by id, whatever came first", () => {
    const history = new History()
    const id = history.add(alice, chatMessage("draft"))
    const a = history.add(alice, editOf(id, "a"), { at: 90n })
    const b = history.add(alice, editOf(id, "b"), { at: 90n })
    const expected = a < b ? "a" : "b"
    assert.equal(history.view(id).fallback, expected)
    const [row, first, second] = history.events
    assert.ok(row && first && second)
    const swapped = [row, { ...first, position: 2 }, { ...second, position: 1 }]
    assert.equal(projectTimeline(swapped)[0]?.fallback, expected)
  })

  it("lets authors and moderators delete, for good", () => {
    const history = new History()
    const own = history.add(alice, chatMessage("oops"))
    const spam = history.add(bob, chatMessage("spam"))
    const kept = history.add(bob, chatMessage("kept"))
    history.add(alice, deletionOf(own))
    history.add(alice, editOf(own, "back"), { at: 9999n })
    history.add(bob, reactionTo(own, "+"))
    history.add(alice, deletionOf(spam), { moderator: true })
    history.add(alice, deletionOf(kept))
    assert.deepEqual(history.view(own).content, { _tag: "Deleted", by: "author" })
    assert.deepEqual(history.view(own).reactions, [])
    assert.equal(history.view(own).edited, undefined)
    assert.equal(history.view(own).fallback, "Message deleted")
    assert.deepEqual(history.view(spam).content, { _tag: "Deleted", by: "admin" })
    assert.equal(history.view(kept).fallback, "kept")
    history.add(bob, deletionOf(spam))
    assert.deepEqual(history.view(spam).content, { _tag: "Deleted", by: "author" })
  })

  it("deletes several at once", () => {
    const history = new History()
    const [a, b] = [history.add(alice, chatMessage("a")), history.add(alice, chatMessage("b"))]
    const reaction = history.add(alice, reactionTo(a, "x"))
    history.add(alice, deletionOf(b, reaction))
    assert.equal(history.view(a).reactions.length, 0)
    assert.equal(history.view(b).content._tag, "Deleted")
  })

  it("counts each emoji of each account once, until that account takes it back", () => {
    const history = new History()
    const id = history.add(alice, chatMessage("hi"))
    const heart = history.add(bob, reactionTo(id, "❤️"))
    history.add(carol, reactionTo(id, "+"))
    const again = history.add(bob, reactionTo(id, "❤️"), { at: 5n })
    history.add(bob, reactionTo(id, "+"))
    history.add(carol, { kind: 7, tags: [["e", id]], content: "" })
    history.add(carol, reactionTo(id, "x".repeat(65)))
    const family = "👨‍👩‍👧‍👦"
    history.add(alice, reactionTo(id, family))
    assert.deepEqual(history.view(id).reactions, [
      { emoji: "❤️", by: [bob] },
      { emoji: "+", by: [carol, bob] },
      { emoji: family, by: [alice] },
    ])
    history.add(carol, deletionOf(heart), { moderator: true })
    history.add(bob, deletionOf(again))
    assert.deepEqual(history.view(id).reactions[0], { emoji: "❤️", by: [bob] })
    history.add(bob, deletionOf(heart))
    assert.equal(history.view(id).reactions[0]?.emoji, "+")
  })

  it("shows reactions of up to 64 characters, however they are encoded", () => {
    const history = new History()
    const id = history.add(alice, chatMessage("hi"))
    for (const emoji of ["😀".repeat(64), "😀".repeat(65), "x".repeat(64), "x".repeat(65)]) {
      history.add(bob, reactionTo(id, emoji))
    }
    const shown = history.view(id).reactions.map(({ emoji }) => emoji)
    assert.deepEqual(shown, ["😀".repeat(64), "x".repeat(64)])
  })

  it("takes back an edit that its author deleted", () => {
    const history = new History()
    const id = history.add(alice, chatMessage("first"))
    const edit = history.add(alice, editOf(id, "second"))
    history.add(bob, deletionOf(edit), { moderator: true })
    assert.equal(history.view(id).fallback, "second")
    history.add(alice, deletionOf(edit))
    assert.equal(history.view(id).fallback, "first")
  })

  it("delivers every other kind as it is, with a line that can be shown", () => {
    const history = new History()
    const unknown = history.add(alice, {
      kind: 31_337,
      tags: [["x", "y"]],
      content: '{"free":true}',
    })
    assert.deepEqual(history.view(unknown).content, {
      _tag: "Other",
      kind: 31_337,
      content: '{"free":true}',
      tags: [["x", "y"]],
    })
    assert.equal(history.view(unknown).fallback, "Message of kind 31337")
    const question = history.add(alice, poll("Dinner?", [{ id: "a", label: "Carrots" }]))
    assert.equal(history.view(question).fallback, "Poll: Dinner?")
    assert.equal(
      history.view(history.add(bob, pollResponse(question, ["a"]))).fallback,
      "Answer to a poll",
    )
    const alt = history.add(alice, { kind: 77, tags: [["alt", "a drawing"]], content: "" })
    assert.equal(history.view(alt).fallback, "a drawing")
    history.add(alice, editOf(unknown, "x"))
    assert.equal(history.view(unknown).edited, undefined)
  })

  it("believes a system row of this device only, and keeps it", () => {
    const history = new History()
    const claim = history.add(bob, systemRow("group_disbanded"))
    assert.equal(history.view(claim).content._tag, "Other")
    const fact = history.add(alice, systemRow("group_renamed", { name: "N" }), { local: true })
    history.add(alice, deletionOf(fact), { moderator: true })
    assert.equal(history.view(fact).content._tag, "System")
    assert.equal(history.view(fact).fallback, "Group renamed")
  })

  it("never shows gossip, nor changes to nothing", () => {
    const history = new History()
    for (const kind of [447, 448, 449]) history.add(alice, { kind, tags: [], content: "{}" })
    history.add(alice, { kind: 5, tags: [], content: "" })
    history.add(alice, { kind: 7, tags: [["e", "short"]], content: "+" })
    history.add(alice, { kind: 1009, tags: [["p", alice]], content: "x" })
    history.add(alice, reactionTo("a".repeat(64) as MessageId, "+"))
    assert.deepEqual(projectTimeline(history.events), [])
  })

  it("ignores what belongs to other rows", () => {
    const history = new History()
    const id = history.add(alice, chatMessage("row"))
    const other = history.add(alice, chatMessage("other"))
    history.add(bob, reactionTo(other, "+"))
    history.add(alice, editOf(other, "edited"))
    history.add(alice, deletionOf(other))
    const [row] = history.events
    assert.ok(row)
    assert.deepEqual(projectMessage(row, history.events), history.view(id))
    assert.deepEqual(history.view(id).reactions, [])
  })

  it("counts an event once however often it came", () => {
    const history = new History()
    const id = history.add(alice, chatMessage("once"))
    const [first] = history.events
    assert.ok(first)
    const twice = [{ ...first, position: 8 }, first, first]
    assert.deepEqual(projectTimeline(twice), [history.view(id)])
  })
})

describe("affected rows", () => {
  const history = new History()
  const row = history.add(alice, chatMessage("row"))
  const other = history.add(alice, chatMessage("other"))
  const reaction = history.add(bob, reactionTo(row, "+"))
  const edit = history.add(alice, editOf(row, "edited"))
  const orphan = history.add(bob, reactionTo("a".repeat(64) as MessageId, "+"))
  const nested = history.add(bob, reactionTo(reaction, "+"))
  const affected = (author: typeof alice, content: InnerContent) =>
    affectedRows(
      makeInnerEvent(author, 1n, content),
      (id) => history.events.find((item) => item.event.id === id)?.event,
    )

  it("are the target of an edit, a reaction or a deletion", () => {
    assert.deepEqual(affected(alice, editOf(row, "x")), [row])
    assert.deepEqual(affected(alice, reactionTo(row, "x")), [row])
    assert.deepEqual(affected(alice, deletionOf(row, other, row)), [row, other])
  })

  it("are what a deleted reaction or edit was about", () => {
    assert.deepEqual(affected(bob, deletionOf(reaction)), [row])
    assert.deepEqual(affected(alice, deletionOf(edit)), [row])
    assert.deepEqual(affected(alice, deletionOf(edit, row)), [row])
  })

  it("are none while the target has not arrived, or is no row", () => {
    const missing = "b".repeat(64) as MessageId
    assert.deepEqual(affected(alice, editOf(missing, "x")), [])
    assert.deepEqual(affected(alice, deletionOf(missing)), [])
    assert.deepEqual(affected(bob, deletionOf(orphan)), [])
    assert.deepEqual(affected(bob, deletionOf(nested)), [])
    assert.deepEqual(affected(bob, { kind: 447, tags: [["e", row]], content: "" }), [])
  })

  it("are the row itself when it arrives", () => {
    const event = makeInnerEvent(alice, 1n, chatMessage("new"))
    assert.deepEqual(affectedRows(event, () => undefined), [event.id])
  })

  it("are found by well-formed references only", () => {
    const chat = (tags: ReadonlyArray<ReadonlyArray<string>>) =>
      projectMessage(
        {
          event: makeInnerEvent(alice, 1n, { kind: 9, tags, content: "" }),
          position: 0,
          moderator: false,
        },
        [],
      ).replyTo
    assert.equal(chat([["e"], ["e", "short"], ["p", row], ["e", row]]), row)
    assert.equal(chat([["e", other], ["q", row]]), row)
    assert.equal(chat([["q", "short"], ["e", row.toUpperCase()]]), undefined)
  })
})

describe("timeline in any order", () => {
  const authors = [alice, bob, carol]
  const step = fc.record({
    what: fc.constantFrom("chat", "edit", "react", "react", "delete", "delete2", "undo", "undo"),
    author: fc.constantFrom(...authors),
    target: fc.nat(30),
    at: fc.nat(3),
    moderator: fc.boolean(),
  })
  const history = fc.array(step, { minLength: 1, maxLength: 25 }).map((steps) => {
    const built = new History()
    for (const { what, author, target, at, moderator } of steps) {
      const ids = built.events.map((item) => item.event.id)
      const id = ids[target % Math.max(1, ids.length)]
      const more = { at: BigInt(at), moderator }
      if (id === undefined || what === "chat") {
        built.add(author, chatMessage(`text ${ids.length}`), more)
      } else if (what === "edit") built.add(author, editOf(id, `edit ${ids.length}`), more)
      else if (what === "react") {
        built.add(author, reactionTo(id, target % 2 === 0 ? "+" : "-"), more)
      } else if (what === "delete") built.add(author, deletionOf(id), more)
      else if (what === "undo") {
        const last = built.events.findLast(({ event }) => event.kind === 7 || event.kind === 1009)
        if (last !== undefined) built.add(last.event.pubkey, deletionOf(last.event.id), more)
      } else built.add(author, deletionOf(id, ids[0] ?? id), more)
    }
    // Two steps may make the same event; it has one place.
    return [...new Map(built.events.toReversed().map((item) => [item.event.id, item])).values()]
  })

  const meaning = (rows: ReadonlyArray<MessageView>) =>
    rows.map(({ position: _, reactions, ...row }) => ({
      ...row,
      reactions: reactions.map(({ emoji, by }) => `${emoji} ${[...by].sort()}`).sort(),
    })).sort((a, b) => a.id < b.id ? -1 : 1)

  it("means the same, whatever arrives when", () => {
    fc.assert(fc.property(history, fc.infiniteStream(fc.nat()), (events, order) => {
      const keys = new Map(events.map((item) => [item, order.next().value]))
      const arrived = [...events].sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0))
        .map((item, position) => ({ ...item, position }))
      assert.deepEqual(meaning(projectTimeline(arrived)), meaning(projectTimeline(events)))
    }))
  })

  it("is reached event by event, touching only what is affected", () => {
    fc.assert(fc.property(history, (events) => {
      const arrived = new Map<MessageId, TimelineEvent>()
      const rows = new Map<MessageId, MessageView>()
      const find = (id: MessageId): InnerEvent | undefined => arrived.get(id)?.event
      const targeting = (id: MessageId) =>
        [...arrived.values()].filter((item) => targetsOf(item.event).includes(id))
      for (const [position, item] of events.entries()) {
        arrived.set(item.event.id, { ...item, position })
        for (const id of affectedRows(item.event, find)) {
          const row = arrived.get(id)
          assert.ok(row !== undefined && relationOf(row.event)._tag === "Row")
          const direct = targeting(id)
          const related = [...direct, ...direct.flatMap(({ event }) => targeting(event.id))]
          rows.set(id, projectMessage(row, related))
        }
      }
      const whole = projectTimeline(arrived.values())
      assert.deepEqual([...rows.values()].sort((a, b) => a.position - b.position), whole)
    }))
  })

  it("always has a line to show", () => {
    for (const by of ["author", "admin"] as const) {
      assert.ok(fallbackOf({ _tag: "Deleted", by }).length > 0)
    }
    assert.ok(
      fallbackOf({ _tag: "Other", kind: 1068, content: "", tags: [["alt", ""], ["alt"]] }).length >
        0,
    )
  })
})
