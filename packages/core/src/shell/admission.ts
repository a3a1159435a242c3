/**
 * Intake of kind 445: events of one group become rows in one batch, whatever their number.
 *
 * Nothing is lost because it came early, late, twice or in the wrong order: what cannot be opened now
 * waits, durably and bounded, and is tried again when keys or proposals change.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { GroupError, ServiceError } from "../api/errors.ts"
import { encodeHex } from "../codec/mod.ts"
import {
  ADMITTED,
  type DropReason,
  encodeRecord,
  type GroupProfile,
  type GroupState,
  openOuterLayer,
  orderRun,
  receive,
  type RetainedState,
  WAITING,
} from "../group/mod.ts"
import { messageDigest, type MlsGroup } from "../mls/mod.ts"
import { readGroupEvent, type SealedGroupEvent } from "../nostr/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"
import { makeOutputWriter, type OutputWriter } from "./group_output.ts"
import type { GroupStore } from "./group_store.ts"
import type { Runtime } from "./runtime.ts"
import { VerbList } from "./verb_list.ts"
import { makeRoom, type StoredWaiting, waitingEvents } from "./waiting_room.ts"

/** Most events that share one batch. */
export const MAX_EVENTS = 256
/** Most events of one second that share one batch: what a batch can hold. */
const MAX_RUN = 1500
/** Rounds over the waiting room after a change. */
const MAX_ROUNDS = 16

/** What a batch did. */
export interface AdmissionReport {
  /** Events that were new. */
  readonly accepted: number
  /** Events that wait. */
  readonly waiting: number
  /** Events that were dropped, by reason. */
  readonly dropped: ReadonlyMap<DropReason, number>
}

/** Key of the memory of an MLS message. */
export const admittedKey = (group: string, digest: string): string => `${group}/${digest}`

/** The verb that remembers an MLS message. */
export const admittedVerb = (group: string, digest: string, now: number): Verb => ({
  verb: "put",
  collection: ADMITTED.name,
  key: admittedKey(group, digest),
  columns: { group_id: group, at: now },
  value: new Uint8Array(0),
})

interface Work {
  readonly runtime: Runtime
  readonly profile: GroupProfile
  readonly now: number
  readonly list: VerbList
  readonly output: OutputWriter
  readonly seen: Set<string>
  readonly spent: Array<MlsGroup>
  readonly left: Array<RetainedState>
  readonly dropped: Map<DropReason, number>
  /** Events that this batch makes wait, by key. */
  readonly held: Map<string, StoredWaiting>
  /** Keys of waiting events that this batch dealt with. */
  readonly done: Set<string>
  group: GroupState
  accepted: number
  waiting: number
  changed: boolean
}

/**
 * Takes events of one group in; the caller holds the group's lock.
 *
 * @param events one of {@link batchesOf}, verified, oldest first; none: what waits is tried again
 */
export const admitEvents: (
  runtime: Runtime,
  store: GroupStore,
  profile: GroupProfile,
  id: string,
  events: ReadonlyArray<NostrEvent>,
) => Effect.Effect<AdmissionReport, GroupError | ServiceError> = Effect.fn("Mdk.admit")(
  function* (runtime, store, profile, id, events) {
    const before = yield* store.load(id)
    const work: Work = yield* begin(runtime, profile, before)
    for (const run of runsOf(events)) yield* takeRun(work, run)
    // Without events this is a retry of what waits.
    let changed = work.changed || events.length === 0
    for (let round = 0; changed && round < MAX_ROUNDS; round++) {
      work.changed = false
      const stored = yield* waitingEvents(runtime.storage, id)
      for (const waiting of [...stored, ...work.held.values()]) {
        if (!work.done.has(waiting.key)) yield* takeIn(work, waiting.event, waiting)
      }
      changed = work.changed
    }
    yield* finish(work, store, before)
    const { accepted, waiting, dropped } = work
    return { accepted, waiting, dropped }
  },
)

const begin = (
  runtime: Runtime,
  profile: GroupProfile,
  group: GroupState,
): Effect.Effect<Work> =>
  Effect.map(Clock.currentTimeMillis, (now) => ({
    runtime,
    profile,
    now,
    list: new VerbList(),
    output: makeOutputWriter(runtime, now),
    seen: new Set(),
    spent: [],
    left: [],
    dropped: new Map(),
    held: new Map(),
    done: new Set(),
    group,
    accepted: 0,
    waiting: 0,
    changed: false,
  }))

/** Events that follow each other and claim the same second. */
const runsOf = (
  events: ReadonlyArray<NostrEvent>,
): ReadonlyArray<ReadonlyArray<NostrEvent>> => {
  const runs: Array<Array<NostrEvent>> = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last?.[0]?.created_at === event.created_at) last.push(event)
    else runs.push([event])
  }
  return runs
}

/** Reads a run in the order of the MLS messages; a commit may make more of it readable. */
const takeRun = Effect.fnUntraced(function* (work: Work, run: ReadonlyArray<NostrEvent>) {
  let rest = run
  while (rest.length > 1 && work.group.status === "active") {
    const { readable, sealed } = orderRun(work.profile, work.group, rest, read)
    if (readable.length === 0) break
    for (const event of readable) yield* takeIn(work, event, undefined)
    rest = sealed
  }
  for (const event of rest) yield* takeIn(work, event, undefined)
})

/**
 * Splits events, oldest first, into batches of about {@link MAX_EVENTS}; events of one second stay
 * together.
 */
export function batchesOf(
  events: ReadonlyArray<NostrEvent>,
): ReadonlyArray<ReadonlyArray<NostrEvent>> {
  const batches: Array<Array<NostrEvent>> = []
  for (const run of runsOf(events)) {
    for (let i = 0; i < run.length; i += MAX_RUN) {
      const part = run.slice(i, i + MAX_RUN)
      const last = batches.at(-1)
      if (last !== undefined && last.length + part.length <= MAX_EVENTS) last.push(...part)
      else batches.push([...part])
    }
  }
  return batches
}

const takeIn = Effect.fnUntraced(function* (
  work: Work,
  event: NostrEvent,
  stored: StoredWaiting | undefined,
) {
  const sealed = read(event)
  if (sealed === undefined) return count(work, "malformed")
  const bytes = openOuterLayer(work.group, sealed)
  if (bytes === undefined) return yield* wait(work, event, stored)
  const digest = encodeHex(messageDigest(work.runtime.crypto, bytes))
  if (yield* isKnown(work, digest)) {
    count(work, "duplicate")
    return forget(work, stored)
  }
  const received = receive(work.profile, work.group, bytes, digest)
  switch (received.disposition) {
    case "waiting":
      return yield* wait(work, event, stored)
    case "dropped":
      count(work, received.why)
      remember(work, digest)
      return forget(work, stored)
    case "accepted":
      work.group = received.group
      work.accepted++
      work.spent.push(...received.spent)
      work.left.push(...received.dropped)
      // A commit brings new keys, a proposal may be what a commit waits for.
      if (received.outputs.some(({ tag }) => tag !== "message")) work.changed = true
      yield* work.output.add(received.outputs, received.group)
      remember(work, digest)
      return forget(work, stored)
  }
})

const read = (event: NostrEvent): SealedGroupEvent | undefined => {
  try {
    return readGroupEvent(event)
  } catch {
    return undefined
  }
}

const isKnown = (work: Work, digest: string): Effect.Effect<boolean, ServiceError> =>
  work.seen.has(digest)
    ? Effect.succeed(true)
    : work.runtime.storage.get(ADMITTED.name, admittedKey(work.group.id, digest)).pipe(
      Effect.mapError(toServiceError),
      Effect.map(Option.isSome),
    )

const remember = (work: Work, digest: string): void => {
  work.seen.add(digest)
  work.list.add([admittedVerb(work.group.id, digest, work.now)])
}

const count = (work: Work, why: DropReason): void => {
  work.dropped.set(why, (work.dropped.get(why) ?? 0) + 1)
}

const waitingKey = (work: Work, event: NostrEvent): string => `${work.group.id}/${event.id}`

const wait = Effect.fnUntraced(function* (
  work: Work,
  event: NostrEvent,
  stored: StoredWaiting | undefined,
) {
  if (stored !== undefined || work.group.status !== "active") return
  const key = waitingKey(work, event)
  work.waiting++
  work.held.set(key, { key, event })
  work.list.add(yield* makeRoom(work.runtime.storage, work.group.id, work.now))
  work.list.add([{
    verb: "put",
    collection: WAITING.name,
    key,
    columns: { group_id: work.group.id, at: work.now },
    value: encodeRecord(event),
  }])
})

const forget = (work: Work, stored: StoredWaiting | undefined): void => {
  if (stored === undefined) return
  work.done.add(stored.key)
  work.list.add([{ verb: "delete", collection: WAITING.name, key: stored.key }])
}

const finish = Effect.fnUntraced(function* (work: Work, store: GroupStore, before: GroupState) {
  const { verbs, events } = work.output.told()
  work.list.add(verbs)
  if (work.list.verbs.length === 0 && work.group === before) return
  const kept = new Set(work.group.states.map(({ mls }) => mls))
  yield* store.save(before, work.group, { verbs: work.list.verbs, events }, {
    spent: work.spent.filter((mls) => !kept.has(mls)),
    dropped: work.left,
  })
})
