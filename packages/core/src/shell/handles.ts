/**
 * Handles: what a caller holds of something that is being sent. They read from the storage and wait at
 * a bell, so a handle found again after a restart is as good as the first.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { GroupError, ServiceError } from "../api/errors.ts"
import type { IntentId, MessageId, PublicKey } from "../api/ids.ts"
import type { Change, ChangeState, Handle, RelayTally, SendState, Sent } from "../api/sending.ts"
import { loadState } from "./event_record.ts"
import { type Intent, intentBell } from "./intent_record.ts"
import { findIntent, outgoingOf } from "./intent_store.ts"
import type { Runtime } from "./runtime.ts"

const EMPTY: RelayTally = { accepted: 0, rejected: 0, unanswered: 0, of: 0 }

/** What the API's calls run in: fails with `closed` once the account is closed. */
export type Guard = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
) => Effect.Effect<A, E | ServiceError, R>

const read = (runtime: Runtime, guard: Guard, id: string): Effect.Effect<Intent, ServiceError> =>
  guard(Effect.flatMap(
    findIntent(runtime.storage, id),
    (intent) =>
      intent === undefined
        ? Effect.fail(new ServiceError({ reason: "storage" }))
        : Effect.succeed(intent),
  ))

/** An intent, and whether relays are still asked for it. */
interface Seen {
  readonly intent: Intent
  readonly asking: boolean
}

/** Published is final when no relay is asked any more, whatever the others answered. */
const readSeen = (
  runtime: Runtime,
  guard: Guard,
  id: string,
): Effect.Effect<Seen, ServiceError> =>
  Effect.gen(function* () {
    const intent = yield* read(runtime, guard, id)
    const asking = intent.state._tag === "Published" &&
      (yield* guard(outgoingOf(runtime.storage, id))).length > 0
    return { intent, asking }
  })

const isFinal = ({ intent: { state }, asking }: Seen): boolean =>
  state._tag === "Failed" || state._tag === "Withdrawn" || state._tag === "Superseded" ||
  state._tag === "Applied" || (state._tag === "Published" && !asking)

const show = (intent: Intent): string =>
  JSON.stringify(
    [intent.state, intent.welcomes, intent.epoch],
    (_, value) => typeof value === "bigint" ? value.toString() : value,
  )

const watch = (
  runtime: Runtime,
  guard: Guard,
  id: string,
): Stream.Stream<Intent, ServiceError> =>
  runtime.bells.watch(intentBell(id), {
    read: readSeen(runtime, guard, id),
    show: (seen) => `${show(seen.intent)} ${seen.asking}`,
    isLast: isFinal,
  }).pipe(
    Stream.map(({ intent }) => intent),
    Stream.changesWith((a, b) => show(a) === show(b)),
  )

/** Waits until `pick` says something about the intent. */
const waitFor = <A>(
  runtime: Runtime,
  guard: Guard,
  id: string,
  pick: (intent: Intent) => Option.Option<Effect.Effect<A, GroupError>>,
): Effect.Effect<A, GroupError | ServiceError> =>
  Effect.gen(function* () {
    for (;;) {
      const bell = runtime.bells.take(intentBell(id))
      const picked = pick(yield* read(runtime, guard, id))
      if (Option.isSome(picked)) return yield* picked.value
      yield* bell
    }
  })

const failed = Effect.fail(new GroupError({ reason: "failed" }))

const pickPublished = (intent: Intent): Option.Option<Effect.Effect<RelayTally, GroupError>> => {
  const { state } = intent
  switch (state._tag) {
    case "Published":
      return Option.some(Effect.succeed(state.relays))
    case "Applied":
      return Option.some(Effect.succeed(intent.tally ?? EMPTY))
    case "Failed":
    case "Withdrawn":
    case "Superseded":
      return Option.some(failed)
    default:
      return Option.none()
  }
}

const pickApplied = (intent: Intent): Option.Option<Effect.Effect<bigint, GroupError>> => {
  if (intent.epoch !== undefined) return Option.some(Effect.succeed(BigInt(intent.epoch)))
  const { _tag } = intent.state
  return _tag === "Failed" || _tag === "Superseded" || _tag === "Withdrawn"
    ? Option.some(failed)
    : Option.none()
}

const handle = <S extends ChangeState>(
  runtime: Runtime,
  guard: Guard,
  id: string,
  narrow: (state: ChangeState) => S,
): Handle<S> => ({
  id: id as IntentId,
  state: Effect.map(read(runtime, guard, id), ({ state }) => narrow(state)),
  changes: Stream.map(watch(runtime, guard, id), ({ state }) => narrow(state)),
  published: waitFor(runtime, guard, id, pickPublished),
})

const asSendState = (state: ChangeState): SendState =>
  state._tag === "Applied" || state._tag === "Superseded"
    ? { _tag: "Published", relays: EMPTY }
    : state

/** The handle of a message. */
export const sentHandle = (
  runtime: Runtime,
  guard: Guard,
  id: string,
  message: string,
): Sent => ({
  ...handle(runtime, guard, id, asSendState),
  messageId: message as MessageId,
})

/** The handle of a change of a group. */
export const changeHandle = (runtime: Runtime, guard: Guard, id: string): Change => ({
  ...handle<ChangeState>(runtime, guard, id, (state) => state),
  applied: waitFor(runtime, guard, id, pickApplied),
  welcomes: Effect.map(
    read(runtime, guard, id),
    ({ welcomes }) =>
      new Map(
        Object.entries(welcomes ?? {}).map(([who, state]) =>
          [who as PublicKey, asSendState(loadState(state))] as const
        ),
      ),
  ),
})
