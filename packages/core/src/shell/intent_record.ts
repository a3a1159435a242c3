/**
 * Intents: what this device wants to send, from the call until nothing is left to do.
 *
 * @module
 */
import type { ChangeState, RelayTally } from "../api/sending.ts"
import { INTENTS } from "../group/mod.ts"
import type { Row } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { type EventRecord, loadState, type StoredChangeState, storeState } from "./event_record.ts"
import { decodeRecord, encodeRecord } from "../group/mod.ts"

/** An intent. */
export interface Intent {
  /** 32 hex characters. */
  readonly id: string
  /** GroupId. */
  readonly group: string
  /** Order among intents. */
  readonly position: number
  /** The caller's own key against doubles. */
  readonly once?: string
  /** Where it stands. */
  readonly state: ChangeState
  /** What it is. */
  readonly body:
    /** An inner event; `held` while it is not encrypted. */
    | { readonly kind: "message"; readonly message: string; readonly held?: true }
    /** Invitations by a commit; the KeyPackages are kept until it is made. */
    | {
      readonly kind: "invite"
      readonly held?: ReadonlyArray<HeldInvitee>
      /** Members are added anew. */
      readonly again?: boolean
    }
    /** The invitations of a founding. */
    | { readonly kind: "founding" }
  /** What relays answered so far. */
  readonly tally?: RelayTally
  /** The epoch that a change of the group led to, decimal, once it is applied. */
  readonly epoch?: string
  /** Where the invitations that go with it stand, by invitee. */
  readonly welcomes?: Readonly<Record<string, StoredChangeState>>
}

/** An invitee whose KeyPackage was chosen. */
export interface HeldInvitee {
  /** The invitee. */
  readonly account: string
  /** Id of its 30443 event. */
  readonly event: string
  /** The MLSMessage with the KeyPackage, base64. */
  readonly message: string
  /** Where the Welcome goes. */
  readonly inbox: ReadonlyArray<string>
}

interface IntentValue {
  readonly state: StoredChangeState
  readonly body: Intent["body"]
  readonly tally?: RelayTally
  readonly epoch?: string
  readonly welcomes?: Readonly<Record<string, StoredChangeState>>
}

/** True while no relay has acknowledged and one still may. */
export const isOpen = ({ _tag }: ChangeState): boolean =>
  _tag === "Held" || _tag === "Queued" || _tag === "Unconfirmed"

/** The bell that rings when an intent changed. */
export const intentBell = (id: string): string => `intent/${id}`

/** The verb that stores an intent. */
export const putIntent = (intent: Intent): Verb => {
  const value: IntentValue = {
    state: storeState(intent.state),
    body: intent.body,
    ...(intent.tally === undefined ? {} : { tally: intent.tally }),
    ...(intent.epoch === undefined ? {} : { epoch: intent.epoch }),
    ...(intent.welcomes === undefined ? {} : { welcomes: intent.welcomes }),
  }
  return {
    verb: "put",
    collection: INTENTS.name,
    key: intent.id,
    columns: {
      group_id: intent.group,
      open: isOpen(intent.state) ? 1 : 0,
      position: intent.position,
      once: intent.once ?? null,
      message: intent.body.kind === "message" ? intent.body.message : null,
    },
    value: encodeRecord(value),
  }
}

/** Reads an intent back. */
export const readIntent = (row: Row): Intent => {
  const value = decodeRecord<IntentValue>(row.value)
  const once = row.columns["once"]
  return {
    id: String(row.key),
    group: String(row.columns["group_id"]),
    position: Number(row.columns["position"]),
    ...(typeof once === "string" ? { once } : {}),
    state: loadState(value.state),
    body: value.body,
    ...(value.tally === undefined ? {} : { tally: value.tally }),
    ...(value.epoch === undefined ? {} : { epoch: value.epoch }),
    ...(value.welcomes === undefined ? {} : { welcomes: value.welcomes }),
  }
}

/** The event that tells of a new state. */
export const sendChanged = (intent: Intent, salt: number): EventRecord => ({
  tag: "send",
  key: `send:${intent.id}:${salt}`,
  group: intent.group,
  intent: intent.id,
  state: storeState(intent.state),
})
