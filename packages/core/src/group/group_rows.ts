/**
 * How a group copy becomes rows, and back. What is written follows what changed: one small row for a
 * message that was read or sent, whatever the size of the group and of its history.
 *
 * @module
 */
import { decodeHex, encodeHex } from "../codec/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import {
  changedParts,
  decodeState,
  encodeState,
  isSharedPart,
  type MlsGroup,
  type PartChanges,
  uniqueNodes,
} from "../mls/mod.ts"
import type { Verb } from "../services/storage_batch.ts"
import { GROUPS, MLS_PARTS, ROUTES } from "./collections.ts"
import type { GroupProfile } from "./group_profile.ts"
import {
  allStates,
  type GroupState,
  type GroupStatus,
  type GroupSummary,
  retain,
  type RetainedState,
} from "./group_state.ts"
import { decodeRecord, encodeRecord } from "./record.ts"

/** Column value under which tree nodes stand, which the states of a group share. */
export const SHARED_STATE = "node"

/** A group's own row, decoded: enough to list it and to know which states to load. */
export interface GroupRecord {
  /** MLS group id, hex. */
  readonly mls: string
  /** Ids of the kept states, the tip first. */
  readonly states: ReadonlyArray<string>
  /** The commit of our own that is on its way. */
  readonly pending?: { readonly intent: string; readonly digest: string; readonly state: string }
  /** What people see. */
  readonly summary: GroupSummary
}

/** Where traffic of a group may come, by Nostr group id. */
export interface RouteRecord {
  /** Relays. */
  readonly relays: ReadonlyArray<string>
}

/** Reads a group's own row. */
export const readGroupRecord = (value: Uint8Array): GroupRecord => decodeRecord<GroupRecord>(value)

/** Key of a part. */
const partKey = (group: string, state: string, part: string): string =>
  `${group}/${isSharedPart(part) ? SHARED_STATE : state}/${part}`

/** The part's name in a row's key. */
export const partName = (key: string): string => key.slice(key.indexOf("/", 65) + 1)

/**
 * The verbs that bring the rows of a group from one value to a later one; before the first, everything
 * is written. Without a change there is no verb.
 */
export function groupVerbs(
  before: GroupState | undefined,
  after: GroupState,
): ReadonlyArray<Verb> {
  const old = before === undefined ? [] : allStates(before)
  const now = allStates(after)
  const kept = new Set(now.map(({ mls }) => mls.stateId))
  const gone = old.filter(({ mls }) => !kept.has(mls.stateId))
  const verbs: Array<Verb> = []
  for (const { mls } of gone) verbs.push(...dropState(after.id, mls, now))
  for (const { mls } of now) verbs.push(...partVerbs(after.id, mls.stateId, partsOf(old, mls)))
  const head = recordVerb(after)
  const sameHead = before !== undefined && before.status === after.status &&
    gone.length === 0 && old.length === now.length && before.pending?.digest ===
      after.pending?.digest &&
    before.states[0]?.mls.stateId === after.states[0]?.mls.stateId
  if (!sameHead) verbs.push(head, ...routeVerbs(before, after))
  return verbs
}

/** True when rows with secrets disappear: the batch has to be erased from the logs too. */
export function dropsSecrets(before: GroupState | undefined, after: GroupState): boolean {
  if (before === undefined) return false
  const kept = new Set(allStates(after).map(({ mls }) => mls.stateId))
  return allStates(before).some(({ mls }) => !kept.has(mls.stateId))
}

const partsOf = (old: ReadonlyArray<RetainedState>, mls: MlsGroup): PartChanges => {
  const same = old.find((state) => state.mls.stateId === mls.stateId)
  if (same !== undefined) {
    return same.mls === mls ? { put: new Map(), remove: [] } : changedParts(same.mls, mls)
  }
  const any = old[0]
  return any === undefined ? { put: encodeState(mls), remove: [] } : changedParts(any.mls, mls)
}

const partVerbs = (group: string, state: string, changes: PartChanges): ReadonlyArray<Verb> => [
  ...changes.remove.map((name): Verb => ({
    verb: "delete",
    collection: MLS_PARTS.name,
    key: partKey(group, state, name),
  })),
  ...[...changes.put].map(([name, value]): Verb => ({
    verb: "put",
    collection: MLS_PARTS.name,
    key: partKey(group, state, name),
    columns: { group_id: group, state: isSharedPart(name) ? SHARED_STATE : state },
    value,
  })),
]

const dropState = (
  group: string,
  mls: MlsGroup,
  kept: ReadonlyArray<RetainedState>,
): ReadonlyArray<Verb> => [
  {
    verb: "deleteRange",
    collection: MLS_PARTS.name,
    index: "state",
    equals: [group, mls.stateId],
  },
  ...(kept.length === 0
    ? [
      {
        verb: "deleteRange",
        collection: MLS_PARTS.name,
        index: "state",
        equals: [group, SHARED_STATE],
      } satisfies Verb,
    ]
    : uniqueNodes(mls, kept.map((state) => state.mls)).map((name): Verb => ({
      verb: "delete",
      collection: MLS_PARTS.name,
      key: partKey(group, mls.stateId, name),
    }))),
]

const recordVerb = (group: GroupState): Verb => {
  const { pending } = group
  const record: GroupRecord = {
    mls: encodeHex(group.mlsGroupId),
    states: group.states.map(({ mls }) => mls.stateId),
    ...(pending === undefined ? {} : {
      pending: {
        intent: pending.intent,
        digest: pending.digest,
        state: pending.state.mls.stateId,
      },
    }),
    summary: group.summary,
  }
  return {
    verb: "put",
    collection: GROUPS.name,
    key: group.id,
    columns: { status: group.status, position: group.position },
    value: encodeRecord(record),
  }
}

/** Addresses of the kept states: prior ones stay while messages of their epochs can still come. */
export function routesOf(group: GroupState): ReadonlyMap<string, ReadonlySet<string>> {
  const routes = new Map<string, Set<string>>()
  for (const { view } of allStates(group)) {
    const relays = routes.get(view.routing.nostrGroupId) ?? new Set()
    for (const relay of view.routing.relays) relays.add(relay)
    routes.set(view.routing.nostrGroupId, relays)
  }
  return routes
}

const routeVerbs = (before: GroupState | undefined, after: GroupState): ReadonlyArray<Verb> => {
  const old = before === undefined ? new Map() : routesOf(before)
  const now = routesOf(after)
  return [
    ...[...old.keys()].filter((address) => !now.has(address)).map((address): Verb => ({
      verb: "delete",
      collection: ROUTES.name,
      key: address,
    })),
    ...[...now].map(([address, relays]): Verb => ({
      verb: "put",
      collection: ROUTES.name,
      key: address,
      columns: { group_id: after.id },
      value: encodeRecord({ relays: [...relays] } satisfies RouteRecord),
    })),
  ]
}

/** The rows of a group, for {@link groupFromRows}. */
export interface GroupRows {
  /** GroupId. */
  readonly id: string
  /** Columns of its own row. */
  readonly status: GroupStatus
  /** Columns of its own row. */
  readonly position: number
  /** Its own row. */
  readonly record: GroupRecord
  /** Parts of every kept state, by state id; shared nodes under {@link SHARED_STATE}. */
  readonly parts: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>
}

/**
 * Builds a group copy from its rows.
 *
 * @throws MlsError `invalid-state` when parts are missing or damaged
 */
export function groupFromRows(
  profile: GroupProfile,
  crypto: CryptoProvider,
  self: PublicKey,
  rows: GroupRows,
): GroupState {
  const { record } = rows
  const shared = rows.parts.get(SHARED_STATE) ?? new Map<string, Uint8Array>()
  const load = (id: string): RetainedState => {
    const own = rows.parts.get(id) ?? new Map<string, Uint8Array>()
    return retain(profile, decodeState({ crypto, parts: new Map([...shared, ...own]) }))
  }
  const pending = record.pending
  return {
    id: rows.id,
    mlsGroupId: decodeHex(record.mls),
    self,
    position: rows.position,
    status: rows.status,
    states: record.states.map(load),
    pending: pending === undefined ? undefined : {
      intent: pending.intent,
      digest: pending.digest,
      state: load(pending.state),
    },
    summary: record.summary,
  }
}
