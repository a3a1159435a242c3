/**
 * Where the account reads, writes and is reached: its own kind 10002 and 10050 lists. Missing ones are
 * published with the relays that the application configured; existing ones are never overwritten.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ServiceError } from "../api/errors.ts"
import { isRelayUrl, maxRelays, type RelayUrl } from "../components/mod.ts"
import { ACCOUNT, decodeRecord, encodeRecord } from "../group/mod.ts"
import {
  inboxRelaysTemplate,
  newerEvent,
  NostrKind,
  readInboxRelays,
  readRelayList,
  relayListTemplate,
} from "../nostr/mod.ts"
import type { EventTemplate, NostrEvent } from "../services/nostr_event.ts"
import { toServiceError } from "./failure.ts"
import type { Runtime } from "./runtime.ts"

const RELAYS_KEY = "relays"

/** The account's relays. */
export interface AccountRelays {
  /** Where it publishes; its KeyPackages are there. */
  readonly write: ReadonlyArray<RelayUrl>
  /** Where it takes gift wraps. */
  readonly inbox: ReadonlyArray<RelayUrl>
}

const configured = (runtime: Runtime): ReadonlyArray<RelayUrl> =>
  runtime.transport.relays.filter(isRelayUrl).slice(0, maxRelays)

/** What is known locally; without lists, what the application configured. */
export const accountRelays = (runtime: Runtime): Effect.Effect<AccountRelays, ServiceError> =>
  runtime.storage.get(ACCOUNT.name, RELAYS_KEY).pipe(
    Effect.mapError(toServiceError),
    Effect.map(Option.match({
      onNone: () => ({ write: configured(runtime), inbox: configured(runtime) }),
      onSome: (row) => decodeRecord<AccountRelays>(row.value),
    })),
  )

/**
 * Looks the lists up and publishes what is missing. Missing is only what no relay has: unless every
 * relay answered completely, nothing is published, for it would replace a list that is merely out of
 * reach.
 *
 * @returns true when the lists are known to be published
 */
export const ensureRelayLists: (runtime: Runtime) => Effect.Effect<boolean, ServiceError> = Effect
  .fn("Mdk.relayLists")(function* (runtime: Runtime) {
    const relays = configured(runtime)
    if (relays.length === 0) return false
    const fetched = yield* runtime.transport.fetch({
      relays,
      filters: [{ authors: [runtime.self], kinds: [NostrKind.relayList, NostrKind.inboxRelays] }],
      identity: runtime.identity,
    }).pipe(Effect.mapError(toServiceError))
    const newest = (kind: number): NostrEvent | undefined =>
      fetched.events.filter((event) => event.kind === kind)
        .reduce<NostrEvent | undefined>(
          (best, event) => best === undefined ? event : newerEvent(best, event),
          undefined,
        )
    const list = newest(NostrKind.relayList)
    const inbox = newest(NostrKind.inboxRelays)
    const isCertain = fetched.partial.length === 0
    const before = yield* accountRelays(runtime)
    const write = list === undefined
      ? (isCertain ? relays : before.write)
      : readRelayList(list).flatMap(({ url, write }) => write ? [url] : [])
    const reached = inbox === undefined
      ? (isCertain ? relays : before.inbox)
      : readInboxRelays(inbox)
    const known: AccountRelays = {
      write: write.length === 0 ? relays : write.slice(0, maxRelays),
      inbox: reached.length === 0 ? relays : reached.slice(0, maxRelays),
    }
    yield* remember(runtime, known)
    if (!isCertain) return list !== undefined && inbox !== undefined
    const now = Math.trunc((yield* Clock.currentTimeMillis) / 1000)
    let published = true
    if (list === undefined) {
      const both = relays.map((url) => ({ url, read: true, write: true }))
      const accepted = yield* publishOwn(runtime, relayListTemplate(both, now), relays)
      published = accepted > 0
    }
    if (inbox === undefined) {
      const accepted = yield* publishOwn(runtime, inboxRelaysTemplate(relays, now), relays)
      published = published && accepted > 0
    }
    return published
  })

const remember = Effect.fnUntraced(function* (runtime: Runtime, known: AccountRelays) {
  const before = yield* accountRelays(runtime)
  const row = yield* Effect.mapError(
    runtime.storage.get(ACCOUNT.name, RELAYS_KEY),
    toServiceError,
  )
  if (Option.isSome(row) && JSON.stringify(before) === JSON.stringify(known)) return
  yield* runtime.write({
    verbs: [{
      verb: "put",
      collection: ACCOUNT.name,
      key: RELAYS_KEY,
      value: encodeRecord(known),
    }],
    rings: ["routes"],
  })
})

/** Signs and publishes something of the account's own; how many relays acknowledged. */
export const publishOwn = (
  runtime: Runtime,
  template: EventTemplate,
  relays: ReadonlyArray<string>,
): Effect.Effect<number, ServiceError> =>
  runtime.signer.sign(template).pipe(
    Effect.mapError(toServiceError),
    Effect.flatMap((event) => publishSigned(runtime, event, relays)),
  )

/** Publishes an event of the account's own; how many relays acknowledged. */
export const publishSigned = (
  runtime: Runtime,
  event: NostrEvent,
  relays: ReadonlyArray<string>,
): Effect.Effect<number, ServiceError> =>
  runtime.transport.publish(event, relays, runtime.identity).pipe(
    Stream.mapError(toServiceError),
    Stream.filter((answer) => answer.outcome === "accepted"),
    Stream.runCount,
  )
