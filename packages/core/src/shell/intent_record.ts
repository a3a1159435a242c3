/**
 * Intents: what this device wants to send, from the call until nothing is left to do.
 *
 * @module
 */
import type { ChangeState } from "../api/sending.ts"
import { INTENTS } from "../group/collections.ts"
import type { Rumor } from "../services/nostr_event.ts"
import type { Row } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { type EventRecord, loadState, type StoredChangeState, storeState } from "./event_record.ts"
import { decodeRecord, encodeRecord } from "../group/record.ts"

/** An intent. */
export interface Intent {
  /** 32 hex characters. */
  readonly id: string
  /** GroupId. */
  readonly group: string
  /** Order among intents. */
  readonly position: number
  /** False when nothing is left to do. */
  readonly open: boolean
  /** The caller's own key against doubles. */
  readonly once?: string
  /** Where it stands. */
  readonly state: ChangeState
  /** What it is. */
  readonly body:
    /** An inner event; the rumor is kept until it is encrypted. */
    | { readonly kind: "message"; readonly message: string; readonly held?: Rumor }
    /** Invitations by a commit; the KeyPackages are kept until it is made. */
    | { readonly kind: "invite"; readonly held?: ReadonlyArray<HeldKeyPackage> }
    /** The invitations of a founding. */
    | { readonly kind: "founding" }
  /** Where the invitations that go with it stand, by invitee. */
  readonly welcomes?: Readonly<Record<string, StoredChangeState>>
}

/** An invitee's KeyPackage that was chosen. */
export interface HeldKeyPackage {
  /** The invitee. */
  readonly who: string
  /** Id of its 30443 event. */
  readonly event: string
  /** The MLSMessage, base64. */
  readonly message: string
}

interface IntentValue {
  readonly state: StoredChangeState
  readonly body: Intent["body"]
  readonly welcomes?: Readonly<Record<string, StoredChangeState>>
}

/** The bell that rings when an intent changed. */
export const intentBell = (id: string): string => `intent/${id}`

/** The verb that stores an intent. */
export const putIntent = (intent: Intent): Verb => {
  const value: IntentValue = {
    state: storeState(intent.state),
    body: intent.body,
    ...(intent.welcomes === undefined ? {} : { welcomes: intent.welcomes }),
  }
  return {
    verb: "put",
    collection: INTENTS.name,
    key: intent.id,
    columns: {
      group_id: intent.group,
      open: intent.open ? 1 : 0,
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
    open: row.columns["open"] === 1,
    ...(typeof once === "string" ? { once } : {}),
    state: loadState(value.state),
    body: value.body,
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
