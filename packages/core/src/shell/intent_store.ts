/**
 * Finding intents.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { GroupError, type ServiceError } from "../api/errors.ts"
import { INTENTS, OUTBOX } from "../group/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import type { StorageService } from "../services/storage.ts"
import { toServiceError } from "./failure.ts"
import { type Intent, readIntent } from "./intent_record.ts"
import { type Outgoing, readOutgoing } from "./outbox_record.ts"

/** An intent by id; `undefined` when there is none. */
export const findIntent = (
  storage: StorageService,
  id: string,
): Effect.Effect<Intent | undefined, ServiceError> =>
  storage.get(INTENTS.name, id).pipe(
    Effect.mapError(toServiceError),
    Effect.map((row) => row._tag === "None" ? undefined : readIntent(row.value)),
  )

/** An intent by id; fails with `unknown-intent`. */
export const requireIntent = (
  storage: StorageService,
  id: string,
): Effect.Effect<Intent, GroupError | ServiceError> =>
  Effect.flatMap(
    findIntent(storage, id),
    (intent): Effect.Effect<Intent, GroupError> =>
      intent === undefined
        ? Effect.fail(new GroupError({ reason: "unknown-intent" }))
        : Effect.succeed(intent),
  )

/** The intent that was made under a caller's own key. */
export const intentOnce = (
  storage: StorageService,
  once: string,
): Effect.Effect<Intent | undefined, ServiceError> =>
  storage.page(INTENTS.name, { index: "once", equals: [once], limit: 1 }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) => page.rows[0] === undefined ? undefined : readIntent(page.rows[0])),
  )

/** Open intents of a group, the oldest first. */
export const openIntents = (
  storage: StorageService,
  group: string,
): Effect.Effect<ReadonlyArray<Intent>, ServiceError> =>
  storage.page(INTENTS.name, { index: "group", equals: [group, 1], limit: MAX_PAGE }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) => page.rows.map(readIntent)),
  )

/** How many intents no relay has acknowledged, counted up to 10 000. */
export const countUnsent = (storage: StorageService): Effect.Effect<number, ServiceError> =>
  Effect.mapError(
    storage.count(INTENTS.name, { index: "open", equals: [1] }, 10_000),
    toServiceError,
  )

/** Events of an intent that are in the outbox. */
export const outgoingOf = (
  storage: StorageService,
  intent: string,
): Effect.Effect<ReadonlyArray<Outgoing>, ServiceError> =>
  storage.page(OUTBOX.name, { index: "intent", equals: [intent], limit: MAX_PAGE }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) => page.rows.map(readOutgoing)),
  )
