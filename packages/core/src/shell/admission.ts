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
import type { GroupError, ServiceError } from "../api/errors.ts"
import { encodeHex } from "../codec/mod.ts"
import {
  type DropReason,
  type GroupProfile,
  type GroupState,
  openOuterLayer,
  orderRun,
  receive,
  type RetainedState,
} from "../group/mod.ts"
import { messageDigest, type MlsGroup } from "../mls/mod.ts"
import { readGroupEvent, type SealedGroupEvent } from "../nostr/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import { admittedVerb, isAdmitted } from "./admitted.ts"
import { MAX_CHARACTERS, runsOf } from "./event_batches.ts"
import { joinTimeOf } from "./join_time.ts"
import { makeOutputWriter, type OutputWriter } from "./group_output.ts"
import type { GroupStore } from "./group_store.ts"
import type { Runtime } from "./runtime.ts"
import { VerbList } from "./verb_list.ts"
import { loadRoom, type StoredWaiting, type WaitingRoom } from "./waiting_room.ts"

/** After so many events taken in, what waits is tried in a batch of its own. */
const MAX_RETRIED = 500

/** What a batch did. */
export interface AdmissionReport {
  /** Events that were new. */
  readonly accepted: number
  /** Events that wait. */
  readonly waiting: number
  /** Events that were dropped, by reason. */
  readonly dropped: ReadonlyMap<DropReason, number>
  /**
   * How many earlier messages of a sender did not arrive, for every sender in an epoch of whom
   * something was read.
   */
  readonly missing: ReadonlyMap<string, number>
}

/** An event on its way in, new or waiting. */
interface Candidate extends StoredWaiting {
  /** Its envelope; `undefined` when that cannot be read. */
  readonly sealed: SealedGroupEvent | undefined
  /** Ids of states whose keys do not open it. */
  readonly failed: Set<string>
}

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
  readonly missing: Map<string, number>
  /** What waits, once it was needed. */
  room: WaitingRoom | undefined
  group: GroupState
  accepted: number
  waiting: number
  /** Characters taken in. */
  characters: number
  /** How often keys or proposals changed. */
  changes: number
}

/**
 * Takes events of one group in; the caller holds the group's lock.
 *
 * @param events one of `batchesOf`, verified, oldest first; none: what waits is tried again
 */
export const admitEvents: (
  runtime: Runtime,
  store: GroupStore,
  profile: GroupProfile,
  id: string,
  events: ReadonlyArray<NostrEvent>,
) => Effect.Effect<AdmissionReport, GroupError | ServiceError> = Effect.fn("Mdk.admit")(
  function* (runtime, store, profile, id, events) {
    const dropped = new Map<DropReason, number>()
    const missing = new Map<string, number>()
    let accepted = 0
    let waiting = 0
    // Without events this is a retry of what waits.
    let more = events.length === 0
    let rest = events
    do {
      const before = yield* store.load(id)
      const work: Work = yield* begin(runtime, profile, before)
      for (const run of runsOf(rest)) {
        yield* takeRun(work, run.map((event) => candidateOf(work, event)))
      }
      more = more || work.changes > 0 ? yield* retry(work) : false
      yield* finish(work, store, before)
      accepted += work.accepted
      waiting += work.waiting
      for (const [why, n] of work.dropped) dropped.set(why, (dropped.get(why) ?? 0) + n)
      for (const [sender, n] of work.missing) missing.set(sender, n)
      rest = []
    } while (more)
    return { accepted, waiting, dropped, missing }
  },
)

/**
 * Tries what waits, from the oldest on and from there again after every change, until nothing changes.
 *
 * @returns true when the batch is full and there may be more to do
 */
const retry = Effect.fnUntraced(function* (work: Work): Effect.fn.Return<boolean, ServiceError> {
  const room = yield* roomOf(work)
  const all = room.all().map(({ event }) => candidateOf(work, event))
  let runs = runsOf(all.sort((a, b) => a.event.created_at - b.event.created_at))
  for (let next = 0; next < runs.length && work.group.status === "active";) {
    if (isFull(work)) return true
    const run = runs[next++] ?? []
    const { changes } = work
    const openable = run.filter((one) => room.has(one.key) && opens(work, one))
    if (openable.length > 0) yield* takeRun(work, openable)
    if (work.changes === changes) continue
    runs = runs.map((one) => one.filter(({ key }) => room.has(key)))
    next = 0
  }
  return false
})

const isFull = ({ accepted, characters }: Work): boolean =>
  accepted >= MAX_RETRIED || characters >= MAX_CHARACTERS

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
    missing: new Map(),
    room: undefined,
    group,
    accepted: 0,
    waiting: 0,
    characters: 0,
    changes: 0,
  }))

/** Reads a run in the order of the MLS messages; a commit may make more of it readable. */
const takeRun = Effect.fnUntraced(function* (work: Work, run: ReadonlyArray<Candidate>) {
  let rest = run
  while (rest.length > 1 && work.group.status === "active") {
    const { changes } = work
    const openable = new Set(rest.filter((one) => opens(work, one)))
    const { readable, sealed } = orderRun(
      work.profile,
      work.group,
      [...openable],
      (one) => one.sealed,
    )
    for (const one of [...readable, ...sealed]) yield* takeIn(work, one)
    rest = rest.filter((one) => !openable.has(one))
    if (work.changes === changes) break
  }
  for (const one of rest) yield* takeIn(work, one)
})

const candidateOf = (work: Work, event: NostrEvent): Candidate => ({
  key: waitingKey(work, event),
  event,
  sealed: read(event),
  failed: new Set(),
})

/** True when there is something to do about an event with the keys of now. */
const opens = ({ group }: Work, { sealed, failed }: Candidate): boolean =>
  sealed === undefined || openOuterLayer(group, sealed, failed) !== undefined

const takeIn = Effect.fnUntraced(function* (work: Work, candidate: Candidate) {
  const { sealed, event, failed } = candidate
  if (sealed === undefined) {
    count(work, "malformed")
    return forget(work, candidate)
  }
  const bytes = openOuterLayer(work.group, sealed, failed)
  if (bytes === undefined) {
    // An event of an epoch whose keys are gone: relays give it again at every start.
    if (!(yield* isKnown(work, event.id))) return yield* wait(work, candidate, false)
    count(work, "duplicate")
    return forget(work, candidate)
  }
  const digest = encodeHex(messageDigest(work.runtime.crypto, bytes))
  if (yield* isKnown(work, digest)) {
    count(work, "duplicate")
    remember(work, event.id)
    return forget(work, candidate)
  }
  const received = receive(work.profile, work.group, bytes, digest)
  switch (received.disposition) {
    case "waiting":
      return yield* wait(work, candidate, true)
    case "dropped":
      count(work, received.why)
      remember(work, digest)
      remember(work, event.id)
      return forget(work, candidate)
    case "accepted":
      work.group = received.group
      work.accepted++
      work.characters += event.content.length
      work.spent.push(...received.spent)
      work.left.push(...received.dropped)
      // A commit brings new keys, a proposal may be what a commit waits for.
      if (received.outputs.some(({ tag }) => tag !== "message")) work.changes++
      for (const output of received.outputs) {
        if (output.tag !== "message") continue
        work.missing.set(`${output.epoch}/${output.leaf}`, output.missing)
      }
      yield* work.output.add(received.outputs, received.group)
      remember(work, digest)
      remember(work, event.id)
      return forget(work, candidate)
  }
})

const read = (event: NostrEvent): SealedGroupEvent | undefined => {
  try {
    return readGroupEvent(event)
  } catch {
    return undefined
  }
}

/** @param name digest of the MLS message, or id of the event that brought it */
const isKnown = (work: Work, name: string): Effect.Effect<boolean, ServiceError> =>
  work.seen.has(name) ? Effect.succeed(true) : isAdmitted(work.runtime.storage, work.group.id, name)

const remember = (work: Work, name: string): void => {
  if (work.seen.has(name)) return
  work.seen.add(name)
  work.list.add([admittedVerb(work.group.id, name, work.now)])
}

const count = (work: Work, why: DropReason): void => {
  work.dropped.set(why, (work.dropped.get(why) ?? 0) + 1)
}

const waitingKey = (work: Work, event: NostrEvent): string => `${work.group.id}/${event.id}`

const roomOf = (work: Work): Effect.Effect<WaitingRoom, ServiceError> =>
  work.room !== undefined ? Effect.succeed(work.room) : Effect.tap(
    loadRoom(work.runtime.storage, work.group.id, work.now),
    (room) => Effect.sync(() => void (work.room = room)),
  )

const wait = Effect.fnUntraced(function* (work: Work, candidate: Candidate, isOpened: boolean) {
  if (work.group.status !== "active") return
  const room = yield* roomOf(work)
  if (room.has(candidate.key)) return
  if (!isOpened) {
    const joined = yield* joinTimeOf(work.runtime.storage, work.group.id)
    // Nobody who joined later is ever given the keys of that time.
    if (joined !== undefined && candidate.event.created_at < joined) return count(work, "stale")
  }
  const { verbs, more } = room.admit(candidate, isOpened)
  work.waiting += more
  work.list.add(verbs)
})

const forget = (work: Work, { key }: Candidate): void => {
  work.list.add(work.room?.remove(key) ?? [])
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
