/**
 * What relays' answers mean: a message is published, a commit is applied or abandoned, a Welcome
 * arrived. Each meaning is one batch; what follows from it starts after.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { GroupError, ServiceError } from "../api/errors.ts"
import type { ChangeState, RelayTally } from "../api/sending.ts"
import { abandonPending, applyPending, type GroupProfile, type GroupState } from "../group/mod.ts"
import { loadState, storeState } from "./event_record.ts"
import { makeOutputWriter } from "./group_output.ts"
import type { GroupStore } from "./group_store.ts"
import { type Intent, intentBell, putIntent, sendChanged } from "./intent_record.ts"
import { findIntent, outgoingOf } from "./intent_store.ts"
import { dropOutgoing, type Outgoing, putOutgoing, tally } from "./outbox_record.ts"
import type { Progress } from "./publisher.ts"
import type { Changes, Runtime } from "./runtime.ts"

/** What follows. */
export interface DeliverySupport {
  /** The account. */
  readonly runtime: Runtime
  /** Group copies. */
  readonly store: GroupStore
  /** The generation of the protocol. */
  readonly profile: GroupProfile
  /** Publishes what is durable. */
  readonly publish: (outgoing: Outgoing) => Effect.Effect<void>
  /** Starts what waited for the end of a commit of our own; returns at once. */
  readonly afterCommit: (group: string) => Effect.Effect<void>
}

/** Makes the progress of an event durable and lets follow what has to. */
export const recordProgress = (
  support: DeliverySupport,
  progress: Progress,
): Effect.Effect<void, ServiceError> => {
  const { outgoing } = progress
  const run = outgoing.purpose.for === "commit"
    ? support.store.locked(outgoing.group)(recordCommit(support, progress))
    : support.runtime.lock.withKey(`intent/${outgoing.intent}`)(recordEvent(support, progress))
  return Effect.catchTag(run, "GroupError", () => Effect.void)
}

const outcomeOf = (relays: RelayTally, final: boolean): ChangeState =>
  relays.accepted > 0
    ? { _tag: "Published", relays }
    : final
    ? { _tag: "Failed", reason: "all-relays-refused" }
    : { _tag: "Unconfirmed", relays }

const settled = ({ outgoing, final }: Progress) =>
  final ? dropOutgoing(outgoing) : putOutgoing(outgoing)

const recordEvent = Effect.fnUntraced(function* (support: DeliverySupport, progress: Progress) {
  const { runtime } = support
  const { outgoing, final } = progress
  const before = yield* findIntent(runtime.storage, outgoing.intent)
  if (before === undefined) return yield* write(runtime, { verbs: [dropOutgoing(outgoing)] })
  const outcome = outcomeOf(tally(outgoing.relays), final)
  const after = outgoing.purpose.for === "welcome"
    ? withWelcome(before, outgoing.purpose.to, outcome)
    : { ...before, state: outcome, tally: tally(outgoing.relays) }
  yield* write(runtime, yield* changesOf(runtime, before, after, [settled(progress)]))
})

const write = (runtime: Runtime, changes: Changes): Effect.Effect<void, ServiceError> =>
  Effect.asVoid(runtime.write(changes))

const changesOf = Effect.fnUntraced(function* (
  runtime: Runtime,
  before: Intent,
  after: Intent,
  verbs: Changes["verbs"],
) {
  const now = yield* Clock.currentTimeMillis
  const moved = before.state._tag !== after.state._tag
  const changes: Changes = {
    verbs: [putIntent(after), ...verbs],
    events: moved ? [sendChanged(after, runtime.positions.next(now))] : [],
    rings: [intentBell(after.id)],
  }
  return changes
})

/** Notes where one invitation stands; of a founding, the state is the sum of its invitations. */
const withWelcome = (intent: Intent, to: string, outcome: ChangeState): Intent => {
  const welcomes = { ...intent.welcomes, [to]: storeState(outcome) }
  if (intent.body.kind !== "founding") return { ...intent, welcomes }
  const states = Object.values(welcomes).map(loadState)
  const relays = states.flatMap((state) => "relays" in state ? [state.relays] : [])
    .reduce((a, b) => ({
      accepted: a.accepted + b.accepted,
      rejected: a.rejected + b.rejected,
      unanswered: a.unanswered + b.unanswered,
      of: a.of + b.of,
    }), { accepted: 0, rejected: 0, unanswered: 0, of: 0 })
  const tags = new Set(states.map(({ _tag }) => _tag))
  const state: ChangeState = tags.has("Queued")
    ? { _tag: "Queued", relays }
    : tags.has("Unconfirmed")
    ? { _tag: "Unconfirmed", relays }
    : tags.has("Published")
    ? { _tag: "Published", relays }
    : { _tag: "Failed", reason: "all-relays-refused" }
  return { ...intent, welcomes, state, tally: relays }
}

const recordCommit = Effect.fnUntraced(function* (
  support: DeliverySupport,
  progress: Progress,
): Effect.fn.Return<void, GroupError | ServiceError> {
  const { runtime, store } = support
  const { outgoing, final } = progress
  const before = yield* findIntent(runtime.storage, outgoing.intent)
  const group = yield* store.load(outgoing.group)
  if (before === undefined) return yield* write(runtime, { verbs: [dropOutgoing(outgoing)] })
  const relays = tally(outgoing.relays)
  const isPending = group.pending?.intent === before.id
  if (isPending && relays.accepted > 0) return yield* apply(support, progress, before, group)
  if (isPending && final) return yield* abandon(support, progress, before, group)
  const after: Intent = isPending
    ? { ...before, state: outcomeOf(relays, final), tally: relays }
    : { ...before, tally: relays }
  yield* write(runtime, yield* changesOf(runtime, before, after, [settled(progress)]))
})

/** The first acknowledgement: the commit is applied, and its Welcomes may go. */
const apply = Effect.fnUntraced(function* (
  support: DeliverySupport,
  progress: Progress,
  before: Intent,
  group: GroupState,
) {
  const { runtime, store, profile } = support
  const now = yield* Clock.currentTimeMillis
  const adopted = applyPending(profile, group)
  const welcomes = (yield* outgoingOf(runtime.storage, before.id))
    .filter(({ purpose }) => purpose.for === "welcome")
    .map((one): Outgoing => ({ ...one, released: true, since: now }))
  const after: Intent = {
    ...before,
    state: { _tag: "Applied", epoch: adopted.moved.epoch },
    tally: tally(progress.outgoing.relays),
    epoch: adopted.moved.epoch.toString(),
  }
  const output = makeOutputWriter(runtime, now)
  yield* output.add([adopted.moved], adopted.group)
  const told = output.told()
  const changes = yield* changesOf(runtime, before, after, [
    settled(progress),
    ...welcomes.map(putOutgoing),
    ...told.verbs,
  ])
  yield* store.save(
    group,
    adopted.group,
    { ...changes, events: [...told.events, ...(changes.events ?? [])] },
    { dropped: adopted.dropped },
  )
  for (const welcome of welcomes) yield* support.publish(welcome)
  yield* support.afterCommit(group.id)
})

/** Every relay refused the commit: it never was. */
const abandon = Effect.fnUntraced(function* (
  support: DeliverySupport,
  progress: Progress,
  before: Intent,
  group: GroupState,
) {
  const { runtime, store } = support
  const events = yield* outgoingOf(runtime.storage, before.id)
  const after: Intent = {
    ...before,
    state: { _tag: "Failed", reason: "all-relays-refused" },
    tally: tally(progress.outgoing.relays),
  }
  const changes = yield* changesOf(runtime, before, after, events.map(dropOutgoing))
  yield* store.save(group, abandonPending(group), changes, {
    dropped: group.pending === undefined ? [] : [group.pending.state],
  })
  yield* support.afterCommit(group.id)
})
