/**
 * How far the intake is, per group (or for gift wraps) and relay: by what was stored, never by the
 * clock alone.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import { decodeRecord, encodeRecord, type GroupState, PROGRESS, routesOf } from "../group/mod.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"

/** The place of gift wraps among the groups. */
export const WRAPS_PLACE = "wraps"

interface ProgressRecord {
  readonly seconds: number
}

const keyOf = (place: string, relay: string): string => `${place}/${relay}`

/** The verb that notes progress. */
export const progressVerb = (place: string, relay: string, seconds: number): Verb => ({
  verb: "put",
  collection: PROGRESS.name,
  key: keyOf(place, relay).slice(0, 500),
  value: encodeRecord({ seconds } satisfies ProgressRecord),
})

/** Progress of a group that begins at a time, Unix seconds. */
export const progressVerbs = (group: GroupState, seconds: number): ReadonlyArray<Verb> =>
  [...routesOf(group).values()].flatMap((relays) =>
    [...relays].map((relay) => progressVerb(group.id, relay, seconds))
  )

/** Progress at several relays; relays without any are left out. */
export const readProgress = (
  storage: StorageService,
  place: string,
  relays: ReadonlyArray<string>,
): Effect.Effect<ReadonlyMap<string, number>, ServiceError> =>
  storage.getMany(PROGRESS.name, relays.map((relay) => keyOf(place, relay).slice(0, 500))).pipe(
    Effect.mapError(toServiceError),
    Effect.map((rows) => {
      const progress = new Map<string, number>()
      for (const relay of relays) {
        const row = rows.get(keyOf(place, relay).slice(0, 500))
        if (row !== undefined) progress.set(relay, decodeRecord<ProgressRecord>(row.value).seconds)
      }
      return progress
    }),
  )
