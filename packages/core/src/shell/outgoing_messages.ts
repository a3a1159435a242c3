/**
 * Sending: an inner event becomes an intent, a timeline row and, unless it has to wait, a sealed event
 * in the outbox; all in one batch. Only then does anything leave.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { ArgumentError, GroupError, type InviteError, type ServiceError } from "../api/errors.ts"
import { encodeHex } from "../codec/mod.ts"
import { expiryOf } from "../components/mod.ts"
import { type GroupState, sealMessage, tipOf } from "../group/mod.ts"
import { type InnerContent, type InnerEvent, makeInnerEvent } from "../message/mod.ts"
import type { MlsGroup } from "../mls/mod.ts"
import type { Verb } from "../services/storage_batch.ts"
import { admittedVerb } from "./admitted.ts"
import { attemptGroup } from "./engine_failure.ts"
import { changedEvents, isDirect } from "./group_output.ts"
import type { GroupStore } from "./group_store.ts"
import { type Intent, intentBell, putIntent, sendChanged } from "./intent_record.ts"
import { intentOnce } from "./intent_store.ts"
import { isRow, type PlacedMessage, putMessage } from "./message_rows.ts"
import { type Outgoing, putOutgoing, tally, untried } from "./outbox_record.ts"
import type { Changes, Runtime } from "./runtime.ts"
import { makeTextIndex } from "./text_index.ts"
import { findEvent } from "./timeline_reader.ts"

/** What sending works with. */
export interface SendSupport {
  /** The account. */
  readonly runtime: Runtime
  /** Group copies. */
  readonly store: GroupStore
  /** Publishes what is durable. */
  readonly publish: (outgoing: Outgoing) => Effect.Effect<void>
}

/** A message that is durable. */
export interface Enqueued {
  /** The intent. */
  readonly intent: string
  /** The inner event. */
  readonly message: string
}

/** The error that an inert copy gives. */
export const inertError = ({ status }: GroupState): GroupError =>
  new GroupError({
    reason: status === "disbanded" || status === "unrecoverable" ? status : "not-a-member",
  })

/** What is sent, and where. */
export interface Draft {
  /** GroupId. */
  readonly group: string
  /** The inner event. */
  readonly content: InnerContent
}

/**
 * Sends an inner event; see `MessagesApi.send`. What was sent under the same `once` before comes first:
 * the draft is then not even made, so that a second call does not fail because the world has changed.
 */
export const enqueueMessage: <E>(
  support: SendSupport,
  once: string | undefined,
  draft: Effect.Effect<Draft, E>,
) => Effect.Effect<Enqueued, E | ArgumentError | GroupError | ServiceError> = Effect.fn(
  "Mdk.enqueue",
)(
  function* <E>(
    support: SendSupport,
    once: string | undefined,
    draft: Effect.Effect<Draft, E>,
  ) {
    const fresh = Effect.flatMap(
      draft,
      ({ group, content }) =>
        support.store.locked(group)(enqueueLocked(support, group, content, once)),
    )
    if (once === undefined) return yield* fresh
    if (once.length < 1 || once.length > 200) {
      return yield* new ArgumentError({ reason: "once-key" })
    }
    const { storage, lock } = support.runtime
    return yield* lock.withKey(`once/${once}`)(
      Effect.flatMap(
        intentOnce(storage, once),
        (first): typeof fresh =>
          first?.body.kind === "message"
            ? Effect.succeed({ intent: first.id, message: first.body.message })
            : fresh,
      ),
    )
  },
)

const enqueueLocked = Effect.fnUntraced(function* (
  support: SendSupport,
  id: string,
  content: InnerContent,
  once: string | undefined,
) {
  const { runtime, store } = support
  const group = yield* store.load(id)
  const tip = tipOf(group)
  if (group.status !== "active" || tip === undefined) return yield* inertError(group)
  const now = yield* Clock.currentTimeMillis
  const event = yield* uniqueEvent(runtime, id, content, now)
  const intent: Intent = {
    id: encodeHex(runtime.entropy.bytes(16)),
    group: id,
    position: runtime.positions.next(now),
    ...(once === undefined ? {} : { once }),
    state: { _tag: "Held", why: "own-change-pending" },
    body: { kind: "message", message: event.id, held: true },
  }
  const expiresAt = expiryOf(event.created_at, tip.view.retention)
  const placed: PlacedMessage = {
    group: id,
    position: intent.position,
    event,
    receivedAt: now,
    moderator: tip.view.admins.includes(group.self) && !isDirect(group),
    intent: intent.id,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  const find = (group: string, id: string) =>
    Effect.map(findEvent(runtime.storage, group, id), (found) => found?.event)
  const events = isRow(placed) ? [] : yield* changedEvents(id, event, find)
  const texts = makeTextIndex(runtime.storage)
  yield* texts.add(placed, events.map(({ message }) => message))
  const sealed = group.pending === undefined
    ? yield* sealIntent(runtime, group, intent, event, now)
    : {
      verbs: [putIntent(intent)],
      group,
      spent: [],
      outgoing: undefined,
    }
  const verbs = [...putMessage(placed), ...texts.verbs(), ...sealed.verbs]
  yield* saveAndPublish(support, group, sealed, { verbs, events })
  const enqueued: Enqueued = { intent: intent.id, message: event.id }
  return enqueued
})

/** Makes a sealed event durable and has it published; who is interrupted does not leave it half done. */
const saveAndPublish = (
  { store, publish }: SendSupport,
  before: GroupState,
  { group, spent, outgoing }: SealedIntent,
  changes: Changes,
): Effect.Effect<void, ServiceError> =>
  Effect.uninterruptible(
    Effect.andThen(
      store.save(before, group, changes, { spent }),
      outgoing === undefined ? Effect.void : publish(outgoing),
    ),
  )

/** Two equal texts within a second are two messages: the second gets the next free second. */
const uniqueEvent = Effect.fnUntraced(function* (
  runtime: Runtime,
  group: string,
  content: InnerContent,
  now: number,
) {
  let seconds = BigInt(Math.trunc(now / 1000))
  for (;;) {
    const event = yield* attemptMessage(() => makeInnerEvent(runtime.self, seconds, content))
    const taken = yield* findEvent(runtime.storage, group, event.id)
    if (taken === undefined) return event
    seconds += 1n
  }
})

interface SealedIntent {
  readonly verbs: ReadonlyArray<Verb>
  readonly group: GroupState
  readonly spent: ReadonlyArray<MlsGroup>
  readonly outgoing: Outgoing | undefined
}

/** Encrypts the event of an intent. */
const sealIntent = Effect.fnUntraced(function* (
  runtime: Runtime,
  group: GroupState,
  intent: Intent,
  event: InnerEvent,
  now: number,
) {
  const sealed = yield* attemptMessage(() => sealMessage(group, event, runtime))
  const outgoing: Outgoing = {
    intent: intent.id,
    number: 0,
    group: group.id,
    position: intent.position,
    since: now,
    released: true,
    purpose: { for: "message" },
    event: sealed.event,
    relays: untried(sealed.relays),
  }
  const queued: Intent = {
    ...intent,
    state: { _tag: "Queued", relays: tally(outgoing.relays) },
    body: { kind: "message", message: event.id },
  }
  const result: SealedIntent = {
    verbs: [
      putIntent(queued),
      putOutgoing(outgoing),
      admittedVerb(group.id, sealed.digest, now),
    ],
    group: sealed.group,
    spent: [sealed.spent],
    outgoing,
  }
  return result
})

const attemptMessage = <A>(body: () => A): Effect.Effect<A, GroupError> =>
  Effect.mapError(
    attemptGroup(body),
    (error: GroupError | InviteError) =>
      error._tag === "GroupError" ? error : new GroupError({ reason: "invalid-argument" }),
  )

/** Encrypts and sends a held message; the caller holds the group's lock. */
export const releaseMessage: (
  support: SendSupport,
  intent: Intent,
) => Effect.Effect<void, GroupError | ServiceError> = Effect.fnUntraced(
  function* (support, intent) {
    const { runtime, store } = support
    if (intent.body.kind !== "message" || intent.body.held !== true) return
    const group = yield* store.load(intent.group)
    const now = yield* Clock.currentTimeMillis
    const placed = yield* findEvent(runtime.storage, intent.group, intent.body.message)
    const failed = placed === undefined
      ? "discarded" as const
      : group.status === "active"
      ? undefined
      : group.status
    if (failed !== undefined || placed === undefined) {
      const state = { _tag: "Failed", reason: failed ?? "discarded" } as const
      return yield* settle(support, { ...intent, state }, now)
    }
    const result = yield* Effect.result(sealIntent(runtime, group, intent, placed.event, now))
    if (result._tag === "Failure") {
      return yield* settle(
        support,
        { ...intent, state: { _tag: "Failed", reason: "too-large" } },
        now,
      )
    }
    const sealed = result.success
    const rings = [intentBell(intent.id)]
    yield* saveAndPublish(support, group, sealed, { verbs: sealed.verbs, rings })
  },
)

const settle = (
  { runtime }: SendSupport,
  intent: Intent,
  now: number,
): Effect.Effect<void, ServiceError> =>
  Effect.asVoid(runtime.write({
    verbs: [putIntent(intent)],
    events: [sendChanged(intent, runtime.positions.next(now))],
    rings: [intentBell(intent.id)],
  }))
