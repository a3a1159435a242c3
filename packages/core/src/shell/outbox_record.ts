/**
 * Signed events that have to go out, with what each relay answered. The bytes never change: what is
 * sent again after a restart is what was sent before.
 *
 * @module
 */
import type { RelayTally } from "../api/sending.ts"
import { OUTBOX } from "../group/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import type { Row } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import type { RelayAnswer } from "../services/transport.ts"
import { decodeRecord, encodeRecord } from "../group/mod.ts"

/**
 * What a relay did so far. `untried` has surely not got the event from us, and `rejected` surely does
 * not keep it; `unanswered` may have it, and `maybe-rejected` too: it refused, but an earlier attempt
 * may have reached it. Doubt ends only with `accepted`.
 */
export type RelayOutcome = "untried" | "accepted" | "rejected" | "unanswered" | "maybe-rejected"

/** What an event is for. */
export type Purpose =
  | { readonly for: "message" }
  | { readonly for: "commit" }
  | { readonly for: "welcome"; readonly to: string }

/** One event to publish. */
export interface Outgoing {
  /** The intent it belongs to. */
  readonly intent: string
  /** Number among the events of the intent. */
  readonly number: number
  /** GroupId. */
  readonly group: string
  /** Order. */
  readonly position: number
  /** When it was stored, Unix milliseconds. */
  readonly since: number
  /** False while it must not go out yet: a Welcome before its commit is acknowledged. */
  readonly released: boolean
  /** What it is for. */
  readonly purpose: Purpose
  /** The exact event. */
  readonly event: NostrEvent
  /** Every relay it goes to. */
  readonly relays: Readonly<Record<string, RelayOutcome>>
}

type OutgoingValue = Pick<Outgoing, "number" | "since" | "purpose" | "event" | "relays">

/** Key of the row. */
export const outgoingKey = (outgoing: Pick<Outgoing, "intent" | "number">): string =>
  `${outgoing.intent}/${outgoing.number.toString().padStart(4, "0")}`

/** The verb that stores an outgoing event. */
export const putOutgoing = (outgoing: Outgoing): Verb => ({
  verb: "put",
  collection: OUTBOX.name,
  key: outgoingKey(outgoing),
  columns: {
    intent: outgoing.intent,
    group_id: outgoing.group,
    open: outgoing.released ? 1 : 0,
    position: outgoing.position,
  },
  value: encodeRecord(
    {
      number: outgoing.number,
      since: outgoing.since,
      purpose: outgoing.purpose,
      event: outgoing.event,
      relays: outgoing.relays,
    } satisfies OutgoingValue,
  ),
})

/** The verb that forgets an outgoing event. */
export const dropOutgoing = (outgoing: Pick<Outgoing, "intent" | "number">): Verb => ({
  verb: "delete",
  collection: OUTBOX.name,
  key: outgoingKey(outgoing),
})

/** Reads an outgoing event back. */
export const readOutgoing = (row: Row): Outgoing => ({
  ...decodeRecord<OutgoingValue>(row.value),
  intent: String(row.columns["intent"]),
  group: String(row.columns["group_id"]),
  position: Number(row.columns["position"]),
  released: row.columns["open"] === 1,
})

/** No relay was asked yet. */
export const untried = (relays: ReadonlyArray<string>): Readonly<Record<string, RelayOutcome>> =>
  Object.fromEntries(relays.map((relay) => [relay, "untried" as const]))

/** What an answer makes of what was known of the relay: no refusal takes a doubt back. */
export const afterAnswer = (before: RelayOutcome, answer: RelayAnswer): RelayOutcome => {
  if (answer.outcome === "accepted") return "accepted"
  const inDoubt = before === "unanswered" || before === "maybe-rejected"
  if (answer.outcome === "rejected") return inDoubt ? "maybe-rejected" : "rejected"
  // The relay did answer, and it says that it did not take the event yet.
  return answer.prefix === "rate-limited" ? before : "unanswered"
}

/** The event as it stands once relays may have been asked: what was surely not sent may be out. */
export const asked = (outgoing: Outgoing): Outgoing => ({
  ...outgoing,
  relays: Object.fromEntries(
    Object.entries(outgoing.relays).map(([relay, outcome]) =>
      [relay, outcome === "untried" ? "unanswered" as const : outcome] as const
    ),
  ),
})

/** Counts what relays answered; a refusal in doubt is no refusal. */
export const tally = (relays: Readonly<Record<string, RelayOutcome>>): RelayTally => {
  const outcomes = Object.values(relays)
  const count = (outcome: RelayOutcome) => outcomes.filter((one) => one === outcome).length
  return {
    accepted: count("accepted"),
    rejected: count("rejected"),
    unanswered: count("unanswered") + count("maybe-rejected"),
    of: outcomes.length,
  }
}

/** Relays that are asked again: those that may still take the event, and those in doubt. */
export const remaining = (relays: Readonly<Record<string, RelayOutcome>>): ReadonlyArray<string> =>
  Object.entries(relays).flatMap(([relay, outcome]) =>
    outcome === "accepted" || outcome === "rejected" ? [] : [relay]
  )
