/**
 * The memory of what was taken in, so that nothing is taken in twice.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ServiceError } from "../api/errors.ts"
import { ADMITTED } from "../group/mod.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"

/** Key of the memory of an MLS message, by its digest, or of an event, by its id. */
const admittedKey = (group: string, name: string): string => `${group}/${name}`

/** The verb that remembers an MLS message or an event. */
export const admittedVerb = (group: string, name: string, now: number): Verb => ({
  verb: "put",
  collection: ADMITTED.name,
  key: admittedKey(group, name),
  columns: { group_id: group, at: now },
  value: new Uint8Array(0),
})

/** True when an MLS message, by its digest, or an event, by its id, is remembered. */
export const isAdmitted = (
  storage: StorageService,
  group: string,
  name: string,
): Effect.Effect<boolean, ServiceError> =>
  storage.get(ADMITTED.name, admittedKey(group, name)).pipe(
    Effect.mapError(toServiceError),
    Effect.map(Option.isSome),
  )
