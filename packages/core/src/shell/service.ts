/**
 * The public service over an open account.
 *
 * @module
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { ServiceError } from "../api/errors.ts"
import type { GroupId } from "../api/ids.ts"
import type { EventsApi, InvitesApi, MdkService, SyncReport } from "../api/service.ts"
import type { Invite } from "../api/values.ts"
import { INVITES } from "../group/mod.ts"
import { type Account, CLOSED_BELL } from "./account.ts"
import { consume, release } from "./consumer.ts"
import { pageRows } from "./cursor.ts"
import { readGroup } from "./group_reader.ts"
import { makeAccountApi, makeGroupsApi } from "./groups_api.ts"
import type { Guard } from "./handles.ts"
import { acceptInvite, declineInvite } from "./invitations.ts"
import { readInvite } from "./invite_record.ts"
import { countUnsent } from "./intent_store.ts"
import { MAINTENANCE_BELL } from "./maintenance.ts"
import { inviteOf, materialize } from "./materialize.ts"
import { makeMessagesApi } from "./messages_api.ts"
import { parkedEvents } from "./parked_events.ts"
import { makeGuard } from "./runtime.ts"
import { SYNC_BELL } from "./sync_state.ts"
import { unprintable } from "./unprintable.ts"
import { countWaiting } from "./waiting_room.ts"

/** Makes the service. */
export function makeService(account: Account): MdkService {
  const guard: Guard = makeGuard(account.isClosed)
  return unprintable("Mdk", {
    account: unprintable("Mdk.account", makeAccountApi(account, guard)),
    groups: makeGroupsApi(account, guard),
    invites: makeInvitesApi(account, guard),
    messages: makeMessagesApi(account, guard),
    events: makeEventsApi(account, guard),
    sync: (options) => guard(sync(account, options?.timeout ?? "10 seconds")),
    status: untilClosed(account, SubscriptionRef.changes(account.status)),
  })
}

const makeInvitesApi = ({ runtime, invites }: Account, guard: Guard): InvitesApi => ({
  page: (query) =>
    guard(Effect.gen(function* () {
      const list = { list: "invites", collection: INVITES.name, index: "newest", equals: [] }
      const { rows, around } = yield* pageRows<Invite, never>(runtime.storage, list, query)
      return { items: rows.map((row) => inviteOf(readInvite(row))), ...around }
    })),
  accept: (id) =>
    guard(Effect.gen(function* () {
      const group = yield* acceptInvite(invites, id)
      runtime.bells.ring(MAINTENANCE_BELL)
      return yield* readGroup(runtime.storage, group as GroupId).pipe(Effect.catchTag(
        "GroupError",
        (error) => Effect.die(error),
      ))
    })),
  decline: (id) => guard(declineInvite(invites, id)),
})

/** A stream for screens ends with the account. */
const untilClosed = <A>(account: Account, stream: Stream.Stream<A>): Stream.Stream<A> =>
  Stream.interruptWhen(
    stream,
    Effect.suspend(() =>
      account.isClosed() ? Effect.void : account.runtime.bells.take(CLOSED_BELL)
    ),
  )

const makeEventsApi = (account: Account, guard: Guard): EventsApi => {
  const { runtime } = account
  const support = {
    storage: runtime.storage,
    write: (verbs: Parameters<typeof runtime.write>[0]["verbs"]) => runtime.write({ verbs }),
    log: runtime.log,
    bells: runtime.bells,
    lock: runtime.lock,
    materialize: (record: Parameters<typeof materialize>[1]) =>
      guard(materialize(runtime.storage, record)),
  }
  return {
    consume: (name, handler, options) => guard(consume(support, name, handler, options)),
    parked: (name) => guard(parkedEvents(support, name)),
    release: (name, key) => guard(release(support, name, key)),
    live: untilClosed(account, Stream.fromPubSub(runtime.log.live)).pipe(
      Stream.mapEffect((record) => guard(materialize(runtime.storage, record))),
      Stream.filter(Option.isSome),
      Stream.map((event) => event.value),
    ),
  }
}

const sync = Effect.fn("Mdk.sync")(function* (
  { runtime, sync: state }: Account,
  timeout: Duration.Input,
): Effect.fn.Return<SyncReport, ServiceError> {
  const wait = Effect.gen(function* () {
    for (;;) {
      const bell = runtime.bells.take(SYNC_BELL)
      if (state.isSettled()) return
      yield* bell
    }
  })
  if (!runtime.offline) yield* Effect.ignore(Effect.timeoutOption(wait, timeout))
  return {
    caughtUp: !runtime.offline && state.isCaughtUp(),
    received: state.received,
    waiting: yield* countWaiting(runtime.storage),
    unsent: yield* countUnsent(runtime.storage),
    relays: state.tally(),
  }
})
