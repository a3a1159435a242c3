/**
 * What an open account looks after by itself: its relay lists and KeyPackage, messages that disappear,
 * memories that have become too old.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import { ADMITTED, ANNOTATIONS, MESSAGES, TEXTS, WAITING, WRAPS } from "../group/mod.ts"
import type { Verb } from "../services/storage_batch.ts"
import { ensureRelayLists } from "./account_relays.ts"
import type { Device } from "./device.ts"
import { toServiceError } from "./failure.ts"
import { ensureKeyPackage } from "./own_key_packages.ts"
import { RELAYS_BELL } from "./publisher.ts"
import type { Runtime } from "./runtime.ts"
import type { SyncState } from "./sync_state.ts"

/** The bell that has the account's own events looked after now. */
export const MAINTENANCE_BELL = "maintenance"

const DAY_MILLIS = 24 * 3600 * 1000
const FIRST_PAUSE_MILLIS = 2000
const LONGEST_PAUSE_MILLIS = 5 * 60 * 1000

/** Keeps lists and KeyPackage published, for ever; what fails is tried again. */
export const keepPublished: (
  runtime: Runtime,
  device: Device,
  sync: SyncState,
) => Effect.Effect<never> = Effect.fnUntraced(function* (runtime, device, sync) {
  let pause = FIRST_PAUSE_MILLIS
  for (;;) {
    const asked = runtime.bells.take(MAINTENANCE_BELL)
    const relaysBack = runtime.bells.take(RELAYS_BELL)
    const round = Effect.gen(function* () {
      const lists = yield* ensureRelayLists(runtime)
      const keyPackage = yield* ensureKeyPackage(runtime, device)
      return lists && keyPackage
    })
    const done = yield* round.pipe(
      Effect.tapError((error) => Effect.logWarning("publishing failed", { reason: error.reason })),
      Effect.catch(() => Effect.succeed(false)),
    )
    sync.setMaintained()
    if (done) {
      pause = FIRST_PAUSE_MILLIS
      yield* Effect.raceFirst(Effect.sleep(DAY_MILLIS), asked)
    } else {
      yield* Effect.raceAllFirst([Effect.sleep(pause), asked, relaysBack])
      pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS)
    }
  }
})

/** Removes messages whose time has come, and once a day old memories, for ever. */
export const keepSwept: (runtime: Runtime) => Effect.Effect<never, ServiceError> = Effect
  .fnUntraced(function* (runtime) {
    let pruned = yield* Clock.currentTimeMillis
    for (;;) {
      yield* sweepExpired(runtime)
      const now = yield* Clock.currentTimeMillis
      if (now - pruned >= DAY_MILLIS) {
        yield* pruneOld(runtime)
        pruned = now
      }
      yield* Effect.sleep("30 seconds")
    }
  })

/** Removes messages whose time has come, from the search index and the logs of the database too. */
export const sweepExpired: (runtime: Runtime) => Effect.Effect<void, ServiceError> = Effect.fn(
  "Mdk.sweep",
)(function* (runtime) {
  const seconds = Math.trunc((yield* Clock.currentTimeMillis) / 1000)
  const due = { index: "expiry", from: 0, to: seconds + 1 }
  const verbs: Array<Verb> = []
  for (const { name } of [MESSAGES, TEXTS, ANNOTATIONS]) {
    const some = yield* Effect.mapError(runtime.storage.count(name, due, 1), toServiceError)
    if (some > 0) verbs.push({ verb: "deleteRange", collection: name, ...due })
  }
  if (verbs.length > 0) yield* runtime.write({ verbs, erase: true })
})

/** Gives up memories that are too old to matter. */
export const pruneOld: (runtime: Runtime) => Effect.Effect<void, ServiceError> = Effect.fn(
  "Mdk.prune",
)(function* (runtime) {
  const now = yield* Clock.currentTimeMillis
  const events = yield* runtime.log.prune(now)
  const month = now - 30 * DAY_MILLIS
  const age = { index: "age", from: 0, to: month }
  const verbs: Array<Verb> = [...events]
  for (const { name } of [WAITING, WRAPS, ADMITTED]) {
    const some = yield* Effect.mapError(runtime.storage.count(name, age, 1), toServiceError)
    if (some > 0) verbs.push({ verb: "deleteRange", collection: name, ...age })
  }
  if (verbs.length > 0) yield* runtime.write({ verbs })
})
