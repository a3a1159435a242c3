/**
 * What the demo's own relay saw: kinds, sizes, a piece of ciphertext.
 *
 * @module
 */
import type { NostrEvent } from "@mdk/core/services"
import type { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { Buffer } from "node:buffer"
import { found, type Needle } from "./needles.ts"

/** Names of the kinds that a conversation consists of. */
const KIND_NAMES: Readonly<Record<number, string>> = {
  0: "profile",
  5: "deletion",
  445: "group message",
  1059: "gift wrap",
  10002: "relay list",
  10050: "inbox relays",
  10051: "KeyPackage relays",
  30443: "KeyPackage",
}

/** All events of one kind. */
export interface KindSight {
  /** The kind. */
  readonly kind: number
  /** What it is. */
  readonly name: string
  /** How many. */
  readonly count: number
  /** Size of all of them, in bytes of JSON. */
  readonly bytes: number
  /** The beginning of the content of one. */
  readonly sample: string
}

/** What a relay saw. */
export interface RelaySight {
  /** By kind, ascending. */
  readonly kinds: ReadonlyArray<KindSight>
  /** What must not be in it and is. */
  readonly leaks: ReadonlyArray<string>
  /** Values of `h` tags: the groups' routing ids. */
  readonly routes: ReadonlyArray<string>
}

/** Watches a relay; the result tells what it has seen so far. */
export function watchRelay(
  relay: EmbeddedRelay,
): (needles: ReadonlyArray<Needle>) => RelaySight {
  const seen = new Map<string, NostrEvent>()
  relay.observe(({ direction, event }) => {
    if (direction === "received" && event !== undefined) seen.set(event.id, event)
  })
  return (needles) => sightOf([...seen.values()], needles)
}

/** Sums up events. */
export function sightOf(
  events: ReadonlyArray<NostrEvent>,
  needles: ReadonlyArray<Needle>,
): RelaySight {
  const byKind = new Map<number, Array<NostrEvent>>()
  for (const event of events) byKind.set(event.kind, [...byKind.get(event.kind) ?? [], event])
  const kinds = [...byKind].sort(([a], [b]) => a - b).map(([kind, of]) => ({
    kind,
    name: KIND_NAMES[kind] ?? "other",
    count: of.length,
    bytes: of.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0),
    sample: (of[0]?.content ?? "").slice(0, 40),
  }))
  const routes = new Set(
    events.flatMap(({ tags }) =>
      tags.flatMap(([name, value]) => name === "h" && value ? [value] : [])
    ),
  )
  return {
    kinds,
    leaks: found(Buffer.from(events.map((event) => JSON.stringify(event)).join("\n")), needles),
    routes: [...routes],
  }
}
