/**
 * What every part of the shell works with: one account, its services, and the one way to write.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { ServiceError } from "../api/errors.ts"
import type { PublicKey } from "../api/ids.ts"
import { DecodeError, encodeHex } from "../codec/mod.ts"
import { RecordError } from "../group/mod.ts"
import { MlsError } from "../mls/mod.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import type { EntropyService } from "../services/entropy.ts"
import type { SignerService } from "../services/signer.ts"
import type { StorageService } from "../services/storage.ts"
import type { Committed, Verb } from "../services/storage_batch.ts"
import type { SubscriptionIdentity, TransportService } from "../services/transport.ts"
import type { Bells } from "./bells.ts"
import type { EventLog } from "./event_log.ts"
import type { EventRecord } from "./event_record.ts"
import { toServiceError } from "./failure.ts"
import type { KeyedLock } from "./keyed_lock.ts"
import type { Positions } from "./positions.ts"

/** Writes that become durable as one, and what is told afterwards. */
export interface Changes {
  /** The batch, without its events. */
  readonly verbs: ReadonlyArray<Verb>
  /** Events, appended in the same batch and announced when it is durable. */
  readonly events?: ReadonlyArray<EventRecord>
  /** Bells to ring when it is durable. */
  readonly rings?: ReadonlyArray<string>
  /** True when what is overwritten or deleted is secret. */
  readonly erase?: boolean
}

/** One open account. */
export interface Runtime {
  /** Who this is. */
  readonly self: PublicKey
  /** Rows. */
  readonly storage: StorageService
  /** Relays. */
  readonly transport: TransportService
  /** The account's key. */
  readonly signer: SignerService
  /** How this account authenticates at relays. */
  readonly identity: SubscriptionIdentity
  /** Randomness. */
  readonly entropy: EntropyService
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** One writer per key. */
  readonly lock: KeyedLock
  /** Wake-up calls. */
  readonly bells: Bells
  /** Growing positions. */
  readonly positions: Positions
  /** What happened. */
  readonly log: EventLog
  /** True when no relay is to be asked. */
  readonly offline: boolean
  /**
   * Makes changes durable, then tells. Not interruptible: when it ran, the caller's own memory must
   * follow. An unknown outcome is resolved by repeating the same batch.
   */
  readonly write: (changes: Changes) => Effect.Effect<Committed, ServiceError>
}

/** The write of a {@link Runtime}. */
export const makeWrite = (
  storage: StorageService,
  entropy: EntropyService,
  log: EventLog,
  bells: Bells,
): Runtime["write"] =>
(changes) =>
  Effect.uninterruptible(Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const events = changes.events ?? []
    const batch = {
      id: encodeHex(entropy.bytes(16)),
      verbs: [...changes.verbs, ...events.map((event) => log.append(event, now))],
      ...(changes.erase === true ? { erase: true } : {}),
    }
    const committed = yield* storage.commit(batch).pipe(
      Effect.retry({
        schedule: Schedule.exponential("50 millis").pipe(Schedule.upTo({ times: 6 })),
        while: (error) => error.reason === "outcome-unknown" || error.reason === "busy",
      }),
      Effect.mapError(toServiceError),
    )
    log.announce(events)
    for (const key of changes.rings ?? []) bells.ring(key)
    return committed
  }))

/**
 * For every call of the public API: fails with `closed` once the account is closed, and with `storage`
 * for rows that cannot be read.
 */
export const makeGuard = (isClosed: () => boolean) =>
<A, E, R>(
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E | ServiceError, R> =>
  Effect.suspend((): Effect.Effect<A, E | ServiceError, R> =>
    isClosed() ? Effect.fail(new ServiceError({ reason: "closed" })) : effect
  ).pipe(
    Effect.catchDefect((defect) =>
      isDamage(defect)
        ? Effect.fail(new ServiceError({ reason: "storage", cause: Redacted.make(defect) }))
        : Effect.die(defect)
    ),
  )

/** True for what a row throws that is not what it was written as. */
export const isDamage = (defect: unknown): boolean =>
  defect instanceof RecordError || defect instanceof MlsError || defect instanceof DecodeError
