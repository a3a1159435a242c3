/**
 * What waited for the end of a commit of our own: intents that were held, and inputs of others.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { GroupError, ServiceError } from "../api/errors.ts"
import { INTENTS, WAITING } from "../group/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import type { PageQuery } from "../services/storage.ts"
import { admitEvents } from "./admission.ts"
import { toServiceError } from "./failure.ts"
import { type ChangeSupport, releaseInvite } from "./group_changes.ts"
import { openIntents } from "./intent_store.ts"
import { releaseMessage } from "./outgoing_messages.ts"
import { isDamage } from "./runtime.ts"

/** Encrypts held intents of a group in their order, until one is a commit. */
export const releaseHeld: (
  changes: ChangeSupport,
  id: string,
) => Effect.Effect<void, GroupError | ServiceError> = Effect.fnUntraced(function* (changes, id) {
  for (const intent of yield* openIntents(changes.runtime.storage, id)) {
    if (intent.state._tag !== "Held") continue
    const group = yield* changes.store.load(id)
    if (group.pending !== undefined) return
    if (intent.body.kind === "message") yield* releaseMessage(changes, intent)
    else yield* releaseInvite(changes, intent)
  }
})

/** After a restart: intents and inputs that were held for a commit that has ended meanwhile. */
export const releaseAllHeld: (
  changes: ChangeSupport,
) => Effect.Effect<void, ServiceError> = Effect.fnUntraced(function* (changes) {
  const { runtime, store } = changes
  const groupsIn = (collection: string, query: PageQuery) =>
    runtime.storage.page(collection, query).pipe(
      Effect.mapError(toServiceError),
      Effect.map((page) => new Set(page.rows.map((row) => String(row.columns["group_id"])))),
    )
  const release = <A>(group: string, work: Effect.Effect<A, GroupError | ServiceError>) =>
    store.locked(group)(work).pipe(
      Effect.catchTag("GroupError", () => Effect.void),
      // One group that cannot be read must not keep the others from being opened.
      Effect.catchDefect((defect) =>
        isDamage(defect) ? Effect.logWarning("a group is damaged") : Effect.die(defect)
      ),
    )
  const sending = { index: "open", equals: [1], limit: MAX_PAGE }
  for (const group of yield* groupsIn(INTENTS.name, sending)) {
    yield* release(group, releaseHeld(changes, group))
  }
  for (const group of yield* groupsIn(WAITING.name, { index: "age", limit: MAX_PAGE })) {
    yield* release(group, admitEvents(runtime, store, changes.profile, group, []))
  }
})
