import assert from "node:assert/strict"
import type { Filter, NostrEvent } from "@mdk/core/services"
import fc from "fast-check"
import { matchFilter } from "nostr-tools/filter"
import { test } from "node:test"
import { matchesFilter, newestFirst, readFilter, toWireFilter } from "../src/filter.ts"
import { EventStore, isAddressable, isReplaceable } from "../src/relay/event_store.ts"

const hex = (n: number): string => n.toString(16).padStart(64, "0")
let serial = 0

const event: fc.Arbitrary<NostrEvent> = fc.record({
  pubkey: fc.constantFrom(hex(1), hex(2)),
  created_at: fc.integer({ min: 0, max: 12 }),
  kind: fc.constantFrom(1, 445, 10_050, 30_443),
  tags: fc.array(
    fc.tuple(fc.constantFrom("h", "d", "p"), fc.constantFrom("x", "y")),
    { maxLength: 3 },
  ),
}).map((fields) => ({ ...fields, id: hex(++serial + 1000), content: "", sig: "0".repeat(128) }))

const filter: fc.Arbitrary<Filter> = fc.record({
  authors: fc.subarray([hex(1), hex(2), hex(3)]),
  kinds: fc.subarray([1, 445, 10_050, 30_443]),
  tags: fc.dictionary(fc.constantFrom("h", "p"), fc.subarray(["x", "y", "z"])),
  // nostr-tools takes 0 for no condition.
  since: fc.integer({ min: 1, max: 12 }),
  until: fc.integer({ min: 1, max: 12 }),
  limit: fc.integer({ min: 0, max: 6 }),
}, { requiredKeys: [] })

const address = (one: NostrEvent): string => {
  const d = isAddressable(one.kind) ? one.tags.find((tag) => tag[0] === "d")?.[1] ?? "" : ""
  return `${one.pubkey} ${one.kind} ${d}`
}

/** What should be stored, computed the slow way. */
function survivors(events: ReadonlyArray<NostrEvent>): ReadonlyArray<NostrEvent> {
  return events.filter((one) =>
    !(isReplaceable(one.kind) || isAddressable(one.kind)) ||
    events.every((other) => address(other) !== address(one) || newestFirst(one, other) <= 0)
  )
}

test("questions are answered as by a plain scan", () => {
  fc.assert(fc.property(fc.array(event, { maxLength: 30 }), filter, (events, question) => {
    const store = new EventStore({ maxEvents: 1000, maxBytes: 1_000_000 })
    for (const one of events) store.add(one, 1)
    const expected = survivors(events).filter((one) => matchesFilter(question, one))
      .sort(newestFirst).slice(0, question.limit ?? 1000)
    assert.deepEqual(store.query([question], 100, 1000, () => true), expected)
  }))
})

test("matching agrees with nostr-tools; the wire form reads back", () => {
  fc.assert(fc.property(event, filter, (one, question) => {
    const wire = JSON.parse(JSON.stringify(toWireFilter(question)))
    const plain = { ...one, tags: one.tags.map((tag) => [...tag]) }
    assert.equal(matchesFilter(question, one), matchFilter(wire, plain))
    const { tags = {}, ...rest } = question
    const expected = Object.keys(tags).length === 0 ? rest : { ...rest, tags: { ...tags } }
    assert.deepEqual(readFilter(wire), expected)
  }))
})

test("malformed filters are refused, unknown members ignored", () => {
  for (
    const wire of [
      null,
      [],
      "x",
      { ids: ["ab"] },
      { ids: "x" },
      { authors: ["AB".repeat(32)] },
      {
        kinds: [1.5],
      },
      { kinds: [-1] },
      { "#h": ["x", 1] },
      { since: "1" },
      { until: -1 },
      { limit: 1.5 },
    ]
  ) assert.equal(readFilter(wire), undefined, JSON.stringify(wire))
  assert.deepEqual(readFilter({ search: "x", "#ab": [1] }), {})
})

test("the bound holds in number and bytes, the first to come go first", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 }), (sizes) => {
    const store = new EventStore({ maxEvents: 10, maxBytes: 100 })
    const added: Array<{ readonly id: string; readonly bytes: number }> = []
    for (const bytes of sizes) {
      const id = hex(++serial + 100_000)
      store.add(
        { id, pubkey: hex(1), created_at: 1, kind: 1, tags: [], content: "", sig: "" },
        bytes,
      )
      added.push({ id, bytes })
    }
    const kept = store.events.map((one) => one.id)
    assert.deepEqual(kept, added.slice(added.length - kept.length).map((one) => one.id))
    assert.ok(kept.length <= 10)
    const keptBytes = added.slice(added.length - kept.length)
      .reduce((sum, one) => sum + one.bytes, 0)
    assert.ok(keptBytes <= 100)
    const next = added[added.length - kept.length - 1]
    if (next !== undefined) assert.ok(kept.length === 10 || keptBytes + next.bytes > 100)
  }))
})
