/**
 * Group copies in memory and on disk. A copy is used and replaced only under its lock; when a write
 * fails, the copy in memory is forgotten and read again.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { GroupError, ServiceError } from "../api/errors.ts"
import {
  allStates,
  dropsSecrets,
  groupFromRows,
  type GroupProfile,
  GROUPS,
  type GroupState,
  type GroupStatus,
  groupVerbs,
  MLS_PARTS,
  partName,
  readGroupRecord,
  type RetainedState,
  SHARED_STATE,
} from "../group/mod.ts"
import { type MlsGroup, retire } from "../mls/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import { toServiceError } from "./failure.ts"
import type { Changes, Runtime } from "./runtime.ts"

/** The bell that rings when addresses of groups changed. */
export const ROUTES_BELL = "routes"

/** What has no use any more once a write is durable. */
export interface Leftovers {
  /** MLS values that were replaced. */
  readonly spent?: ReadonlyArray<MlsGroup>
  /** States that are kept no more. */
  readonly dropped?: ReadonlyArray<RetainedState>
}

/** Group copies. */
export interface GroupStore {
  /** Runs with the lock of a group, one at a time. */
  readonly locked: (
    id: string,
  ) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The copy; only under the lock. Fails with `unknown-group`. */
  readonly load: (id: string) => Effect.Effect<GroupState, GroupError | ServiceError>
  /**
   * Makes the next value of a copy durable together with what else changes; only under the lock.
   *
   * @param before the value that is in the storage now, absent for a new group
   */
  readonly save: (
    before: GroupState | undefined,
    after: GroupState,
    changes: Changes,
    leftovers?: Leftovers,
  ) => Effect.Effect<void, ServiceError>
  /** Zeroes every copy in memory. */
  readonly wipe: Effect.Effect<void>
}

/** What a store tells and asks. */
export interface GroupStoreHooks {
  /** Called when addresses of groups changed, before the bell rings. */
  readonly onRoutes: () => void
  /** True when no copy may be used any more. */
  readonly isClosed: () => boolean
}

/** Longest wait for work under way before copies are zeroed. */
const CLOSE_PATIENCE = "2 seconds"

/** Makes the store. */
export function makeGroupStore(
  runtime: Runtime,
  profile: GroupProfile,
  { onRoutes, isClosed }: GroupStoreHooks,
): GroupStore {
  const copies = new Map<string, GroupState>()
  const load = (id: string) =>
    Effect.suspend((): Effect.Effect<GroupState, GroupError | ServiceError> => {
      if (isClosed()) return Effect.fail(new ServiceError({ reason: "closed" }))
      const copy = copies.get(id)
      if (copy !== undefined) return Effect.succeed(copy)
      return Effect.tap(
        readGroup(runtime, profile, id),
        (group) => Effect.sync(() => copies.set(id, group)),
      )
    })
  return {
    locked: (id) => runtime.lock.withKey(`group/${id}`),
    load,
    save: (before, after, changes, leftovers) =>
      Effect.uninterruptible(
        runtime.write({
          ...changes,
          verbs: [...changes.verbs, ...groupVerbs(before, after)],
          erase: changes.erase === true || dropsSecrets(before, after),
        }).pipe(
          Effect.tap(() =>
            Effect.sync(() => {
              copies.set(after.id, after)
              if (!sameRoutes(before, after)) {
                onRoutes()
                runtime.bells.ring(ROUTES_BELL)
              }
              for (const mls of leftovers?.spent ?? []) retire(mls)
              for (const state of leftovers?.dropped ?? []) wipeState(state)
            })
          ),
          Effect.tapError(() => Effect.sync(() => copies.delete(after.id))),
        ),
      ),
    wipe: Effect.suspend(() =>
      Effect.forEach(
        [...copies.keys()],
        (id) =>
          runtime.lock.withKey(`group/${id}`)(Effect.void).pipe(
            Effect.timeoutOption(CLOSE_PATIENCE),
            Effect.andThen(Effect.sync(() => {
              const copy = copies.get(id)
              copies.delete(id)
              if (copy !== undefined) allStates(copy).forEach(wipeState)
            })),
          ),
        { discard: true },
      )
    ),
  }
}

const wipeState = ({ mls, outerKey }: RetainedState): void => {
  retire(mls)
  outerKey.wipe()
}

const sameRoutes = (before: GroupState | undefined, after: GroupState): boolean =>
  before !== undefined && before.states[0]?.mls.stateId === after.states[0]?.mls.stateId &&
  before.states.length === after.states.length && before.pending === after.pending

const readGroup = Effect.fnUntraced(function* (
  runtime: Runtime,
  profile: GroupProfile,
  id: string,
) {
  const row = yield* Effect.mapError(runtime.storage.get(GROUPS.name, id), toServiceError)
  if (Option.isNone(row)) return yield* new GroupError({ reason: "unknown-group" })
  const record = readGroupRecord(row.value.value)
  const ids = [
    ...record.states,
    ...(record.pending === undefined ? [] : [record.pending.state]),
  ]
  const parts = new Map<string, ReadonlyMap<string, Uint8Array>>()
  if (ids.length > 0) {
    for (const state of [SHARED_STATE, ...ids]) {
      parts.set(state, yield* readParts(runtime, id, state))
    }
  }
  return groupFromRows(profile, runtime.crypto, runtime.self, {
    id,
    status: row.value.columns["status"] as GroupStatus,
    position: Number(row.value.columns["position"]),
    record,
    parts,
  })
})

const readParts = Effect.fnUntraced(function* (runtime: Runtime, group: string, state: string) {
  const parts = new Map<string, Uint8Array>()
  let cursor: string | undefined
  for (;;) {
    const page = yield* runtime.storage.page(MLS_PARTS.name, {
      index: "state",
      equals: [group, state],
      limit: MAX_PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    }).pipe(Effect.mapError(toServiceError))
    for (const row of page.rows) parts.set(partName(String(row.key)), row.value)
    cursor = page.cursors.at(-1)
    if (!page.more || cursor === undefined) return parts
  }
})
