/**
 * Kinds 10002 (NIP-65) and 10050 (NIP-17): where an account reads, writes, and takes gift wraps.
 *
 * @module
 */
import { isRelayUrl, type RelayUrl } from "../components/mod.ts"
import type { EventTemplate, NostrEvent } from "../services/mod.ts"
import { refuseEnvelope } from "./envelope_error.ts"
import { NostrKind } from "./nostr_kind.ts"

/** What one relay is for. */
export interface ListedRelay {
  /** The relay, byte for byte as it was listed. */
  readonly url: RelayUrl
  /** The account reads there: it may be mentioned there. */
  readonly read: boolean
  /** The account writes there: its KeyPackages are there. */
  readonly write: boolean
}

/** Most relays that are read from anybody's list; what follows is ignored. */
export const maxListedRelays = 64 as const

/**
 * The template of a kind 10002 event.
 *
 * @param createdAt Unix seconds, now
 */
export function relayListTemplate(
  relays: ReadonlyArray<ListedRelay>,
  createdAt: number,
): EventTemplate {
  const used = relays.filter((relay) => relay.read || relay.write)
  return {
    kind: NostrKind.relayList,
    created_at: createdAt,
    tags: used.map(({ url, read, write }) =>
      read && write ? ["r", url] : ["r", url, write ? "write" : "read"]
    ),
    content: "",
  }
}

/**
 * Reads a kind 10002 event. Entries that are no relay addresses or have an unknown marker are skipped; a
 * relay that is listed twice counts once, for all that it is listed for.
 *
 * @param event id and signature were verified
 * @throws {EnvelopeError} `wrong-kind`
 */
export function readRelayList(event: NostrEvent): ReadonlyArray<ListedRelay> {
  if (event.kind !== NostrKind.relayList) refuseEnvelope("wrong-kind")
  const relays = new Map<RelayUrl, ListedRelay>()
  for (const [name, url, marker] of event.tags) {
    if (name !== "r" || url === undefined || !isRelayUrl(url)) continue
    const both = marker === undefined || marker === ""
    if (!both && marker !== "read" && marker !== "write") continue
    const before = relays.get(url)
    if (before === undefined && relays.size === maxListedRelays) continue
    relays.set(url, {
      url,
      read: both || marker === "read" || before?.read === true,
      write: both || marker === "write" || before?.write === true,
    })
  }
  return [...relays.values()]
}

/**
 * The template of a kind 10050 event.
 *
 * @param createdAt Unix seconds, now
 */
export function inboxRelaysTemplate(
  relays: ReadonlyArray<RelayUrl>,
  createdAt: number,
): EventTemplate {
  return {
    kind: NostrKind.inboxRelays,
    created_at: createdAt,
    tags: [...new Set(relays)].map((url) => ["relay", url]),
    content: "",
  }
}

/**
 * Reads a kind 10050 event. Entries that are no relay addresses are skipped.
 *
 * @param event id and signature were verified
 * @throws {EnvelopeError} `wrong-kind`
 */
export function readInboxRelays(event: NostrEvent): ReadonlyArray<RelayUrl> {
  if (event.kind !== NostrKind.inboxRelays) refuseEnvelope("wrong-kind")
  const relays = new Set<RelayUrl>()
  for (const [name, url] of event.tags) {
    if (name !== "relay" || url === undefined || !isRelayUrl(url)) continue
    if (relays.size < maxListedRelays) relays.add(url)
  }
  return [...relays]
}

/**
 * Of two versions of a replaceable event (same author, kind and, for addressable kinds, `d`) the one
 * that counts: the newer, at the same time the one with the lower id.
 */
export function newerEvent<A extends Pick<NostrEvent, "created_at" | "id">>(a: A, b: A): A {
  if (a.created_at !== b.created_at) return a.created_at > b.created_at ? a : b
  return a.id <= b.id ? a : b
}
