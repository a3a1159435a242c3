/**
 * From when on a group's traffic can concern this device: what is dated clearly before it joined can
 * never be read here, so it is neither asked for nor kept.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import type { StorageService } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { progressVerb, readProgress } from "./relay_progress.ts"

/** Stands where other rows of progress have a relay. */
const JOINED = "joined"

/** Unix seconds, the margin for clocks that differ included; `undefined` while not noted. */
export const joinTimeOf = (
  storage: StorageService,
  group: string,
): Effect.Effect<number | undefined, ServiceError> =>
  Effect.map(readProgress(storage, group, [JOINED]), (progress) => progress.get(JOINED))

/** The verb that notes it. */
export const joinTimeVerb = (group: string, seconds: number): Verb =>
  progressVerb(group, JOINED, seconds)
