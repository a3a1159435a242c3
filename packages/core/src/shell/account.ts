/**
 * One open account: every part of the shell, wired. What the public API is made of.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { OpenError, type ServiceError } from "../api/errors.ts"
import type { RelayUrl } from "../api/ids.ts"
import type { MdkOptions, Status } from "../api/service.ts"
import { defaultCryptoProvider } from "../crypto/mod.ts"
import { COLLECTIONS, GROUPS, INTENTS, INVITES, MESSAGES } from "../group/mod.ts"
import { adoptedProfile } from "../profile/mod.ts"
import type { EntropyService } from "../services/entropy.ts"
import type { SignerService } from "../services/signer.ts"
import type { StorageService } from "../services/storage.ts"
import type { TransportService } from "../services/transport.ts"
import { admitEvents } from "./admission.ts"
import { makeBells } from "./bells.ts"
import { recordProgress } from "./delivery.ts"
import { type Device, openDevice } from "./device.ts"
import { batchesOf } from "./event_batches.ts"
import { makeEventLog } from "./event_log.ts"
import { toOpenError, toServiceError } from "./failure.ts"
import { type FeedSupport, fetchGroupEvents, runFeeds } from "./feeds.ts"
import type { ChangeSupport } from "./group_changes.ts"
import { type GroupStore, makeGroupStore } from "./group_store.ts"
import { releaseAllHeld, releaseHeld } from "./held_work.ts"
import { acceptInvite, waitingInvites } from "./invitations.ts"
import { type InviteSupport, takeWrap } from "./welcome_intake.ts"
import { makeKeyedLock } from "./keyed_lock.ts"
import {
  keepPublished,
  keepSwept,
  MAINTENANCE_BELL,
  pruneOld,
  sweepExpired,
} from "./maintenance.ts"
import { makeMissingMessages } from "./missing_messages.ts"
import { patiently, persistently } from "./patience.ts"
import { makePositions, type Positions } from "./positions.ts"
import { makePublisher, type Publisher, RELAYS_BELL } from "./publisher.ts"
import { closeRestored } from "./restored_copy.ts"
import { isDamage, makeWrite, type Runtime } from "./runtime.ts"
import { makeSyncState, SYNC_BELL, type SyncState } from "./sync_state.ts"

/** The bell that rings once, when the account is closed. */
export const CLOSED_BELL = "closed"

/** What an account is composed of. */
export interface AccountServices {
  /** Rows. */
  readonly storage: StorageService
  /** Relays. */
  readonly transport: TransportService
  /** The account's key. */
  readonly signer: SignerService
  /** Randomness. */
  readonly entropy: EntropyService
}

/** One open account. */
export interface Account {
  /** Services and the way to write. */
  readonly runtime: Runtime
  /** Group copies. */
  readonly store: GroupStore
  /** This installation. */
  readonly device: Device
  /** Progress of catching up. */
  readonly sync: SyncState
  /** For founding, inviting and sending. */
  readonly changes: ChangeSupport
  /** For invitations. */
  readonly invites: InviteSupport
  /** Connections and catching up. */
  readonly status: SubscriptionRef.SubscriptionRef<Status>
  /** True after the scope's end. */
  readonly isClosed: () => boolean
}

/** Opens an account and keeps it running until the scope ends. */
export const openAccount: (
  services: AccountServices,
  options: MdkOptions,
) => Effect.Effect<Account, OpenError | ServiceError, Scope.Scope> = Effect.fn("Mdk.open")(
  function* (services, options) {
    const { storage, transport, signer, entropy } = services
    yield* Effect.mapError(storage.declare(COLLECTIONS), toOpenError)
    // An old ratchet must not send: such a copy is not opened, or only without its keys.
    const { restored } = storage.condition
    if (restored && options.restored !== "close-groups") {
      return yield* new OpenError({ reason: "restored-copy" })
    }
    const bells = makeBells()
    const log = yield* makeEventLog(storage, bells)
    const write = makeWrite(storage, entropy, log, bells)
    const crypto = defaultCryptoProvider()
    const stored = yield* openDevice({
      storage,
      signer,
      entropy,
      crypto,
      write: (verbs) => write({ verbs }),
    }).pipe(
      Effect.catchDefect((defect) =>
        isDamage(defect)
          ? Effect.fail(new OpenError({ reason: "damaged", cause: Redacted.make(defect) }))
          : Effect.die(defect)
      ),
    )
    const runtime: Runtime = {
      self: stored.account,
      storage,
      transport,
      signer,
      identity: { publicKey: stored.account, signer },
      entropy,
      crypto,
      lock: makeKeyedLock(),
      bells,
      positions: yield* openPositions(storage),
      log,
      offline: options.offline === true,
      write,
    }
    const device = restored ? yield* closeRestored(runtime, stored) : stored
    yield* Effect.addFinalizer(() => Effect.sync(() => device.seed.wipe()))
    let closed = false
    const account = yield* wire(runtime, device, options, () => closed)
    // The last finalizer is the first to run: calls are refused before anything is taken apart.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        closed = true
        bells.ringAll()
      })
    )
    return account
  },
)

const openPositions = (storage: StorageService): Effect.Effect<Positions, ServiceError> =>
  Effect.gen(function* () {
    let last = 0
    const places = [
      [GROUPS.name, "newest", "position"],
      [MESSAGES.name, "position", "position"],
      [INVITES.name, "newest", "position"],
      [INTENTS.name, "position", "position"],
    ] as const
    for (const [collection, index, column] of places) {
      const page = yield* storage.page(collection, { index, order: "descending", limit: 1 }).pipe(
        Effect.mapError(toServiceError),
      )
      last = Math.max(last, Number(page.rows[0]?.columns[column] ?? 0))
    }
    return makePositions(last)
  })

const wire: (
  runtime: Runtime,
  device: Device,
  options: MdkOptions,
  isClosed: () => boolean,
) => Effect.Effect<Account, ServiceError, Scope.Scope> = Effect.fnUntraced(function* (
  runtime,
  device,
  options,
  isClosed,
) {
  const profile = adoptedProfile
  const scope = yield* Effect.scope
  const sync = makeSyncState(runtime.bells)
  const store = makeGroupStore(runtime, profile, { onRoutes: sync.setStale, isClosed })
  yield* Effect.addFinalizer(() => store.wipe)

  const publisher: Publisher = yield* makePublisher(runtime, (progress) =>
    recordProgress(
      { runtime, store, profile, publish: (o) => publisher.start(o), afterCommit },
      progress,
    ))
  const changes: ChangeSupport = { runtime, store, profile, device, publish: publisher.start }
  const invites: InviteSupport = { runtime, store, profile }

  /** What waited for the end of an own commit: held intents first, then inputs of others. */
  const afterCommit = (group: string): Effect.Effect<void> =>
    Effect.asVoid(Effect.forkIn(
      patiently(
        store.locked(group)(Effect.gen(function* () {
          yield* releaseHeld(changes, group)
          yield* admitEvents(runtime, store, profile, group, [])
        })).pipe(
          Effect.catchTag("GroupError", () => Effect.void),
          (work) => unlessDamaged(work, undefined),
        ),
      ),
      scope,
    ))

  const account: Account = {
    runtime,
    store,
    device,
    sync,
    changes,
    invites,
    status: yield* SubscriptionRef.make<Status>({ relays: new Map(), caughtUp: false }),
    isClosed,
  }
  yield* sweepExpired(runtime)
  yield* pruneOld(runtime)
  yield* releaseAllHeld(changes)
  yield* Effect.forkScoped(persistently(keepSwept(runtime)))
  if (!runtime.offline) {
    yield* Effect.forkScoped(watchStatus(account))
    yield* publisher.resume
    yield* Effect.forkScoped(keepPublished(runtime, device, sync))
    if (options.invites === "all") yield* Effect.forkScoped(persistently(joinWaiting(account)))
    const takeGroupEvents: FeedSupport["takeGroupEvents"] = (group, events) =>
      unlessDamaged(
        store.locked(group)(admitEvents(runtime, store, profile, group, events)).pipe(
          Effect.tap((report) => Effect.sync(() => missing.note(group, report.missing))),
          Effect.catchTag("GroupError", () => Effect.void),
          Effect.as(true),
        ),
        false,
      )
    const missing = yield* makeMissingMessages((group, backSeconds) =>
      fetchGroupEvents(runtime, group, backSeconds).pipe(
        Effect.flatMap((events) =>
          Effect.forEach(batchesOf(events), (batch) => takeGroupEvents(group, batch))
        ),
        Effect.asVoid,
      )
    )
    const feeding = runFeeds({
      runtime,
      sync,
      takeWrap: (event) => unlessDamaged(takeWrapIn(account, options, event), undefined),
      takeGroupEvents,
    })
    yield* Effect.forkScoped(
      persistently(Effect.onError(feeding, () => Effect.sync(() => sync.setStale()))),
    )
  }
  return account
})

/** What is damaged about one group must not stop the others. */
const unlessDamaged = <A, E>(work: Effect.Effect<A, E>, otherwise: A): Effect.Effect<A, E> =>
  Effect.catchDefect(
    work,
    (defect) =>
      isDamage(defect)
        ? Effect.as(Effect.logWarning("a group is damaged"), otherwise)
        : Effect.die(defect),
  )

const takeWrapIn = Effect.fnUntraced(function* (
  account: Account,
  options: MdkOptions,
  event: Parameters<typeof takeWrap>[1],
) {
  const { runtime, invites } = account
  const taken = yield* runtime.lock.withKey("wraps")(takeWrap(invites, event))
  if (Option.isSome(taken) && options.invites === "all") yield* join(account, taken.value)
})

const join = Effect.fnUntraced(function* ({ runtime, invites }: Account, invite: string) {
  yield* acceptInvite(invites, invite).pipe(
    Effect.catchTag("InviteError", () => Effect.void),
  )
  runtime.bells.ring(MAINTENANCE_BELL)
})

/** A gift wrap is taken in once: an end between that and joining left its invitation waiting. */
const joinWaiting = Effect.fnUntraced(function* (account: Account) {
  for (const invite of yield* waitingInvites(account.runtime)) {
    yield* unlessDamaged(join(account, invite), undefined)
  }
})

/** Keeps the status current, and wakes what waits for a relay. */
const watchStatus = Effect.fnUntraced(function* ({ runtime, sync, status }: Account) {
  const follow = Effect.gen(function* () {
    for (;;) {
      const bell = runtime.bells.take(SYNC_BELL)
      const caughtUp = sync.isCaughtUp()
      yield* SubscriptionRef.update(
        status,
        (now) => now.caughtUp === caughtUp ? now : { ...now, caughtUp },
      )
      yield* bell
    }
  })
  let live = new Set<string>()
  const states = runtime.transport.states.pipe(
    Stream.runForEach((relays) =>
      Effect.gen(function* () {
        const now = new Set(
          [...relays].flatMap(([relay, state]) => state === "live" ? [relay] : []),
        )
        if ([...now].some((relay) => !live.has(relay))) runtime.bells.ring(RELAYS_BELL)
        live = now
        const named = [...relays].map(([relay, state]) => [relay as RelayUrl, state] as const)
        yield* SubscriptionRef.update(status, (before) => ({ ...before, relays: new Map(named) }))
      })
    ),
  )
  yield* Effect.all([follow, states], { concurrency: "unbounded", discard: true })
})
