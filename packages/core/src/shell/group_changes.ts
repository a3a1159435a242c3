/**
 * Changes of a group that this device makes: founding, and inviting by a commit.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { GroupError, InviteError, ServiceError } from "../api/errors.ts"
import type { RelayTally } from "../api/sending.ts"
import { decodeBase64, encodeBase64, encodeHex } from "../codec/mod.ts"
import {
  found,
  type GroupProfile,
  type GroupState,
  prepareInvite,
  type RetainedState,
  tipOf,
} from "../group/mod.ts"
import { parseKeyPackage, retire, wipeOwnKeyPackage } from "../mls/mod.ts"
import { type Device, freshKeyPackage } from "./device.ts"
import { attemptGroup } from "./engine_failure.ts"
import { storeState } from "./event_record.ts"
import {
  type HeldInvitee,
  type Intent,
  intentBell,
  putIntent,
  sendChanged,
} from "./intent_record.ts"
import { type Outgoing, putOutgoing, tally, untried } from "./outbox_record.ts"
import { inertError, type SendSupport } from "./outgoing_messages.ts"
import type { Invitee } from "./peers.ts"
import { progressVerbs } from "./relay_progress.ts"
import type { Runtime } from "./runtime.ts"
import { type WrappedWelcome, wrapWelcomes } from "./welcomes.ts"

/** What changing groups works with. */
export interface ChangeSupport extends SendSupport {
  /** The generation of the protocol. */
  readonly profile: GroupProfile
  /** This installation. */
  readonly device: Device
}

/** What a new group is made of. */
export interface FoundingPlan {
  /** Name. */
  readonly name: string
  /** Description. */
  readonly description: string
  /** Relays. */
  readonly relays: ReadonlyArray<string>
  /** Seconds that messages stay. */
  readonly retention: bigint | undefined
  /** Whom to invite. */
  readonly invitees: ReadonlyArray<Invitee>
}

const held = ({ account, keyPackage, inbox }: Invitee): HeldInvitee => ({
  account,
  event: keyPackage.eventId,
  message: encodeBase64(keyPackage.message),
  inbox,
})

const newIntent = (runtime: Runtime, group: string, body: Intent["body"], now: number): Intent => ({
  id: encodeHex(runtime.entropy.bytes(16)),
  group,
  position: runtime.positions.next(now),
  state: { _tag: "Held", why: "own-change-pending" },
  body,
})

const outgoingWelcomes = (
  intent: Intent,
  wrapped: ReadonlyArray<WrappedWelcome>,
  since: number,
  released: boolean,
): ReadonlyArray<Outgoing> =>
  wrapped.map(({ to, event, relays }, index) => ({
    intent: intent.id,
    number: index + 1,
    group: intent.group,
    position: intent.position + index + 1,
    since,
    released,
    purpose: { for: "welcome", to },
    event,
    relays: untried(relays),
  }))

const welcomeStates = (outgoing: ReadonlyArray<Outgoing>): NonNullable<Intent["welcomes"]> =>
  Object.fromEntries(
    outgoing.flatMap(({ purpose, relays }) =>
      purpose.for === "welcome"
        ? [[purpose.to, storeState({ _tag: "Queued", relays: tally(relays) })]]
        : []
    ),
  )

/** Founds a group; everything is durable when this succeeds, and the Welcomes go out after. */
export const foundGroup: (
  support: ChangeSupport,
  plan: FoundingPlan,
) => Effect.Effect<
  { readonly group: string; readonly intent: string },
  GroupError | InviteError | ServiceError
> = Effect.fn("Mdk.found")(function* (support, plan) {
  const { runtime, store, profile, device, publish } = support
  const now = yield* Clock.currentTimeMillis
  const creator = freshKeyPackage(device, runtime, now)
  const { group, welcome } = yield* attemptGroup(() =>
    found(profile, {
      crypto: runtime.crypto,
      entropy: runtime.entropy,
      now: Math.trunc(now / 1000),
      position: runtime.positions.next(now),
      self: runtime.self,
      creator,
      name: plan.name,
      description: plan.description,
      relays: plan.relays,
      retention: plan.retention,
      invitees: plan.invitees.map(({ keyPackage }) => keyPackage.keyPackage),
    })
  ).pipe(Effect.ensuring(Effect.sync(() => wipeOwnKeyPackage(creator))))
  const intent = newIntent(runtime, group.id, { kind: "founding" }, now)
  const wrapped = welcome === undefined
    ? []
    : yield* wrapWelcomes(runtime, welcome, plan.invitees.map(held), plan.relays, now)
      .pipe(discardUnlessDone(group.states))
  const outgoing = outgoingWelcomes(intent, wrapped, now, true)
  const epoch = tipOf(group)?.mls.epoch ?? 0n
  const founded: Intent = {
    ...intent,
    state: outgoing.length === 0
      ? { _tag: "Applied", epoch }
      : { _tag: "Queued", relays: sumTallies(outgoing) },
    epoch: epoch.toString(),
    welcomes: welcomeStates(outgoing),
  }
  const saved = store.save(undefined, group, {
    verbs: [
      putIntent(founded),
      ...outgoing.map(putOutgoing),
      ...progressVerbs(group, Math.trunc(now / 1000)),
    ],
    events: [{
      tag: "group",
      key: `group:${group.id}:founded`,
      group: group.id,
      what: ["members", "admins", "profile", "relays", "status"],
    }],
  })
  // One step: what is durable is on its way, whatever interrupts.
  yield* Effect.uninterruptible(Effect.andThen(
    saved,
    Effect.forEach(outgoing, publish, { discard: true }),
  ))
  return { group: group.id, intent: intent.id }
})

/** Answers of several events together. */
export const sumTallies = (outgoing: ReadonlyArray<Pick<Outgoing, "relays">>): RelayTally =>
  outgoing.map(({ relays }) => tally(relays)).reduce((a, b) => ({
    accepted: a.accepted + b.accepted,
    rejected: a.rejected + b.rejected,
    unanswered: a.unanswered + b.unanswered,
    of: a.of + b.of,
  }), { accepted: 0, rejected: 0, unanswered: 0, of: 0 })

const discard = (states: ReadonlyArray<RetainedState>): void => {
  for (const { mls, outerKey } of states) {
    retire(mls)
    outerKey.wipe()
  }
}

/** Zeroes states that nobody will have when the work fails or is interrupted. */
const discardUnlessDone =
  (states: ReadonlyArray<RetainedState>) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.onExit(
      work,
      (exit) => Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => discard(states)),
    )

/** Invites by a commit, or keeps the wish while another change of this device is on its way. */
export const inviteToGroup: (
  support: ChangeSupport,
  id: string,
  invitees: ReadonlyArray<Invitee>,
  again: boolean,
) => Effect.Effect<string, GroupError | InviteError | ServiceError> = Effect.fn("Mdk.invite")(
  function* (support, id, invitees, again) {
    const { runtime, store } = support
    return yield* store.locked(id)(Effect.gen(function* () {
      const group = yield* store.load(id)
      const now = yield* Clock.currentTimeMillis
      const people = invitees.map(held)
      const intent = newIntent(runtime, id, { kind: "invite", held: people, again }, now)
      if (group.status !== "active") return yield* inertError(group)
      if (group.pending !== undefined) {
        yield* runtime.write({ verbs: [putIntent(intent)] })
        return intent.id
      }
      yield* commitInvite(support, group, intent, people, now)
      return intent.id
    }))
  },
)

/** Makes a commit durable and begins to publish it. */
const commitInvite = Effect.fnUntraced(function* (
  support: ChangeSupport,
  group: GroupState,
  intent: Intent,
  people: ReadonlyArray<HeldInvitee>,
  now: number,
) {
  const { runtime, store, profile } = support
  const lifetime = { ...profile.policy.lifetime, now: BigInt(Math.trunc(now / 1000)) }
  const again = intent.body.kind === "invite" && intent.body.again === true
  const prepared = yield* attemptGroup(() =>
    prepareInvite(
      profile,
      group,
      people.map(({ message }) => parseKeyPackage(runtime.crypto, decodeBase64(message), lifetime)),
      { ...runtime, now: Math.trunc(now / 1000), intent: intent.id, again },
    )
  )
  const { pending } = prepared.group
  const wrapped = prepared.welcome === undefined
    ? []
    : yield* wrapWelcomes(runtime, prepared.welcome, people, prepared.relays, now).pipe(
      discardUnlessDone(pending === undefined ? [] : [pending.state]),
    )
  const commit: Outgoing = {
    intent: intent.id,
    number: 0,
    group: group.id,
    position: intent.position,
    since: now,
    released: true,
    purpose: { for: "commit" },
    event: prepared.event,
    relays: untried(prepared.relays),
  }
  const welcomes = outgoingWelcomes(intent, wrapped, now, false)
  const queued: Intent = {
    ...intent,
    state: { _tag: "Queued", relays: tally(commit.relays) },
    body: { kind: "invite" },
    welcomes: welcomeStates(welcomes),
  }
  const saved = store.save(group, prepared.group, {
    verbs: [putIntent(queued), putOutgoing(commit), ...welcomes.map(putOutgoing)],
    rings: [intentBell(intent.id)],
  })
  yield* Effect.uninterruptible(Effect.andThen(saved, support.publish(commit)))
})

/** Makes the commit of an invitation that waited; the caller holds the group's lock. */
export const releaseInvite: (
  support: ChangeSupport,
  intent: Intent,
) => Effect.Effect<void, GroupError | ServiceError> = Effect.fnUntraced(
  function* (support, intent) {
    if (intent.body.kind !== "invite" || intent.body.held === undefined) return
    const { runtime, store } = support
    const group = yield* store.load(intent.group)
    const now = yield* Clock.currentTimeMillis
    const made = yield* Effect.result(
      group.status === "active"
        ? commitInvite(support, group, intent, intent.body.held, now)
        : Effect.fail(inertError(group)),
    )
    if (made._tag === "Success") return
    if (made.failure._tag === "ServiceError") return yield* made.failure
    const ended: Intent = { ...intent, state: { _tag: "Superseded" }, body: { kind: "invite" } }
    yield* runtime.write({
      verbs: [putIntent(ended)],
      events: [sendChanged(ended, runtime.positions.next(now))],
      rings: [intentBell(intent.id)],
    })
  },
)
