/**
 * A restored backup or a copied database becomes usable again: nothing of its keys may be used, so it
 * gives all of them up and goes on as a fresh device with the old history.
 *
 * Every step can be repeated, and the database counts as restored until the last one is durable.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import {
  encodeRecord,
  type GroupRecord,
  GROUPS,
  INTENTS,
  INVITES,
  KEY_PACKAGES,
  MLS_PARTS,
  OUTBOX,
  PROGRESS,
  readGroupRecord,
  ROUTES,
  WAITING,
} from "../group/mod.ts"
import type { PageQuery, Row } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { type Device, successorOf, writeDevice } from "./device.ts"
import type { EventRecord } from "./event_record.ts"
import { toServiceError } from "./failure.ts"
import { endUnsent } from "./intent_end.ts"
import { intentBell, putIntent, readIntent, sendChanged } from "./intent_record.ts"
import { isDamage, type Runtime } from "./runtime.ts"

/** Rows that share a batch: a group takes five verbs and an event, an intent a verb and an event. */
const ROWS = 200

/**
 * Closes every active group, ends what was still to be sent, forgets invitations and KeyPackages with
 * their private keys, and makes the device anew; then the restoration is acknowledged.
 *
 * What fails, or is killed, on the way leaves a database that still counts as restored; doing it again
 * finishes it. Before the first write the signer is asked for the proof of the new device, so that a
 * signer who refuses changes nothing.
 *
 * @param device the device in the database; its seed is wiped in any case
 * @returns the device that takes its place
 */
export const closeRestored: (
  runtime: Runtime,
  device: Device,
) => Effect.Effect<Device, ServiceError> = Effect.fn("Mdk.closeRestored")(
  function* (runtime, device) {
    const successor = yield* successorOf(runtime, device)
    const closed = Effect.gen(function* () {
      yield* endAllUnsent(runtime)
      yield* eachPage(
        runtime,
        GROUPS.name,
        { index: "status", equals: ["active"], limit: ROWS },
        (rows) => closeGroups(runtime, rows),
      )
      yield* writeDevice(
        successor,
        (row) => runtime.write({ verbs: [...KEPT_NOWHERE.map(deleteAll), row], erase: true }),
      )
      yield* Effect.mapError(runtime.storage.acknowledgeRestore, toServiceError)
    })
    yield* closed.pipe(
      Effect.onError(() => Effect.sync(() => successor.seed.wipe())),
    )
    return successor
  },
  (closing, _, device) => Effect.ensuring(closing, Effect.sync(() => device.seed.wipe())),
)

/** Whatever else these hold belongs to no active group, and to no key that may be used. */
const KEPT_NOWHERE: ReadonlyArray<string> = [
  MLS_PARTS.name,
  KEY_PACKAGES.name,
  INVITES.name,
  OUTBOX.name,
  ROUTES.name,
  WAITING.name,
]

const deleteAll = (collection: string): Verb => ({ verb: "deleteRange", collection, index: "key" })

const eachPage = Effect.fnUntraced(function* (
  { storage }: Runtime,
  collection: string,
  query: PageQuery,
  use: (rows: ReadonlyArray<Row>) => Effect.Effect<void, ServiceError>,
): Effect.fn.Return<void, ServiceError> {
  let cursor: string | undefined
  for (;;) {
    const page = yield* storage.page(collection, {
      ...query,
      ...(cursor === undefined ? {} : { cursor }),
    }).pipe(Effect.mapError(toServiceError))
    if (page.rows.length > 0) yield* use(page.rows)
    cursor = page.cursors.at(-1)
    if (!page.more || cursor === undefined) return
  }
})

/** What a row says; `undefined` for one that cannot be read, which must not keep the others open. */
const readOr = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}

/**
 * Every intent that waits, or whose events lie in the outbox, ends. What a relay acknowledged stays
 * published.
 */
const endAllUnsent = Effect.fnUntraced(function* (runtime: Runtime) {
  const { storage } = runtime
  yield* eachPage(
    runtime,
    OUTBOX.name,
    { index: "key", limit: ROWS },
    (rows) =>
      Effect.gen(function* () {
        const ids = new Set(rows.map((row) => String(row.columns["intent"])))
        const found = yield* Effect.mapError(
          storage.getMany(INTENTS.name, [...ids]),
          toServiceError,
        )
        const gone = rows.map((row): Verb => ({
          verb: "delete",
          collection: OUTBOX.name,
          key: row.key,
        }))
        yield* endIntents(runtime, [...found.values()], gone)
      }),
  )
  yield* eachPage(
    runtime,
    INTENTS.name,
    { index: "open", equals: [1], limit: ROWS },
    (rows) => endIntents(runtime, rows, []),
  )
})

const endIntents = Effect.fnUntraced(function* (
  runtime: Runtime,
  rows: ReadonlyArray<Row>,
  verbs: ReadonlyArray<Verb>,
) {
  const now = yield* Clock.currentTimeMillis
  const events: Array<EventRecord> = []
  const ended = rows.flatMap((row) => {
    const before = readOr(() => readIntent(row))
    if (before === undefined) return []
    const after = endUnsent(before)
    if (after.state._tag !== before.state._tag) {
      events.push(sendChanged(after, runtime.positions.next(now)))
    }
    return [after]
  })
  yield* runtime.write({
    verbs: [...ended.map(putIntent), ...verbs],
    events,
    rings: ended.map(({ id }) => intentBell(id)),
    erase: true,
  })
})

/** The keys of a group go in the same batch in which it is closed. */
const closeGroups = Effect.fnUntraced(function* (runtime: Runtime, rows: ReadonlyArray<Row>) {
  const now = yield* Clock.currentTimeMillis
  yield* runtime.write({
    verbs: rows.flatMap(closingVerbs),
    events: rows.map((row): EventRecord => ({
      tag: "group",
      key: `group:${String(row.key)}:closed:${runtime.positions.next(now)}`,
      group: String(row.key),
      what: ["status"],
    })),
    erase: true,
  })
})

const closingVerbs = (row: Row): ReadonlyArray<Verb> => {
  const group = String(row.key)
  const all = (collection: string, index: string): Verb => ({
    verb: "deleteRange",
    collection,
    index,
    equals: [group],
  })
  return [
    {
      verb: "put",
      collection: GROUPS.name,
      key: group,
      columns: { ...row.columns, status: "unrecoverable" },
      value: withoutStates(row.value),
    },
    all(MLS_PARTS.name, "state"),
    all(ROUTES.name, "group"),
    all(WAITING.name, "group"),
    // A fresh invitation begins from its own time: how far the intake was says nothing any more.
    {
      verb: "deleteRange",
      collection: PROGRESS.name,
      index: "key",
      from: `${group}/`,
      to: `${group}0`,
    },
  ]
}

const withoutStates = (value: Uint8Array): Uint8Array => {
  const record = readOr(() => readGroupRecord(value))
  if (record === undefined) return value
  const { mls, summary } = record
  return encodeRecord({ mls, states: [], summary } satisfies GroupRecord)
}
