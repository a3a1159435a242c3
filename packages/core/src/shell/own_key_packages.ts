/**
 * This device's KeyPackages: one published at a time in one slot, replaced after use and before it
 * ends; private keys kept as long as somebody may still use them and no longer.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ServiceError } from "../api/errors.ts"
import { decodeTls, encodeHex, encodeSecretTls } from "../codec/mod.ts"
import { decodeRecord, encodeRecord, KEY_PACKAGES } from "../group/mod.ts"
import { mustForget, needsReplacement, ownKeyPackageTemplate } from "../key-package/mod.ts"
import {
  decodeOwnKeyPackage,
  encodeOwnKeyPackage,
  type OwnKeyPackage,
  wipeOwnKeyPackage,
} from "../mls/mod.ts"
import { NostrKind } from "../nostr/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import type { Row } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"
import { accountRelays, publishSigned } from "./account_relays.ts"
import { type Device, freshKeyPackage } from "./device.ts"
import { toServiceError } from "./failure.ts"
import type { Runtime } from "./runtime.ts"

const MAX_KEPT = 50

interface Publication {
  readonly event: NostrEvent
  /** A relay acknowledged it. */
  readonly published: boolean
  /** A group was joined with it. */
  readonly used: boolean
  /** A relay acknowledged a later one. */
  readonly replaced: boolean
}

/** An own KeyPackage with what became of it. The caller wipes `own`. */
export interface OwnEntry extends Publication {
  /** KeyPackageRef, hex: the key of its row. */
  readonly ref: string
  /** When it was made, Unix milliseconds. */
  readonly madeAt: number
  /** The KeyPackage and its private keys. */
  readonly own: OwnKeyPackage
}

const putEntry = (entry: OwnEntry): Verb => {
  const { event, published, used, replaced } = entry
  const secret = encodeOwnKeyPackage(entry.own)
  const value = encodeSecretTls((w) =>
    w.opaqueV(encodeRecord({ event, published, used, replaced } satisfies Publication))
      .opaqueV(secret)
  )
  secret.fill(0)
  return {
    verb: "put",
    collection: KEY_PACKAGES.name,
    key: entry.ref,
    columns: { made_at: entry.madeAt },
    value,
  }
}

const readEntry = (runtime: Runtime, row: Row): OwnEntry =>
  decodeTls(row.value, (r) => {
    const publication = decodeRecord<Publication>(r.viewV())
    const own = decodeOwnKeyPackage(runtime.crypto, r.viewV())
    return { ...publication, own, ref: String(row.key), madeAt: Number(row.columns["made_at"]) }
  })

/** Runs with every KeyPackage that is kept, the newest first, and wipes them afterwards. */
export const withOwnKeyPackages = <A, E, R>(
  runtime: Runtime,
  use: (entries: ReadonlyArray<OwnEntry>) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | ServiceError, R> =>
  Effect.acquireUseRelease(
    runtime.storage.page(KEY_PACKAGES.name, {
      index: "newest",
      order: "descending",
      limit: MAX_KEPT,
    }).pipe(
      Effect.mapError(toServiceError),
      Effect.map((page) =>
        page.rows.map((row) => {
          const entry = readEntry(runtime, row)
          row.value.fill(0)
          return entry
        })
      ),
    ),
    use,
    (entries) => Effect.sync(() => entries.forEach(({ own }) => wipeOwnKeyPackage(own))),
  )

/** Reads rows and writes what follows from them: one at a time, so that no row that went comes back. */
export const changingKeyPackages = <A, E, R>(
  runtime: Runtime,
  change: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> => runtime.lock.withKey("key-packages")(change)

/**
 * Makes, stores and publishes a KeyPackage that replaces the ones before; how many relays acknowledged.
 * One after the other: each is to be later than the one before.
 */
export const rotateKeyPackages: (
  runtime: Runtime,
  device: Device,
) => Effect.Effect<number, ServiceError> = Effect.fn("Mdk.rotateKeyPackages")(
  function* (runtime, device) {
    const now = yield* Clock.currentTimeMillis
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => freshKeyPackage(device, runtime, now)),
      (own) => publishNew(runtime, device, own, now),
      (own) => Effect.sync(() => wipeOwnKeyPackage(own)),
    )
  },
  (rotation, runtime) => runtime.lock.withKey("key-package-rotation")(rotation),
)

const publishNew = Effect.fnUntraced(
  function* (runtime: Runtime, device: Device, own: OwnKeyPackage, now: number) {
    const createdAt = Math.max(Math.trunc(now / 1000), 1 + (yield* newestInSlot(runtime, device)))
    const template = ownKeyPackageTemplate(own, device.slot, createdAt)
    const event = yield* Effect.mapError(runtime.signer.sign(template), toServiceError)
    const entry: OwnEntry = {
      event,
      published: false,
      used: false,
      replaced: false,
      ref: encodeHex(own.ref),
      madeAt: runtime.positions.next(now),
      own,
    }
    yield* runtime.write({ verbs: [putEntry(entry)] })
    return yield* publishEntry(runtime, entry)
  },
)

const publishEntry = Effect.fnUntraced(function* (runtime: Runtime, entry: OwnEntry) {
  if (runtime.offline) return 0
  const { write } = yield* accountRelays(runtime)
  const accepted = yield* publishSigned(runtime, entry.event, write)
  if (accepted > 0) yield* confirm(runtime, entry)
  return accepted
})

/** A relay has it: earlier ones are replaced, and their private keys go where they must. */
const confirm = (runtime: Runtime, published: OwnEntry): Effect.Effect<void, ServiceError> =>
  changingKeyPackages(
    runtime,
    withOwnKeyPackages(runtime, (entries) =>
      Effect.gen(function* () {
        const now = BigInt(Math.trunc((yield* Clock.currentTimeMillis) / 1000))
        let erase = false
        const verbs = entries.flatMap((entry): ReadonlyArray<Verb> => {
          if (entry.ref === published.ref) return [putEntry({ ...entry, published: true })]
          const older = { ...entry, replaced: true }
          if (!mustForget(publicationOf(older), now)) return [putEntry(older)]
          erase = true
          return [{ verb: "delete", collection: KEY_PACKAGES.name, key: entry.ref }]
        })
        yield* runtime.write({ verbs, erase })
      })),
  )

const publicationOf = (entry: OwnEntry) => {
  const { source } = entry.own.keyPackage.leafNode
  return {
    ref: entry.own.ref,
    lifetime: source.kind === "key_package" ? source.lifetime : { notBefore: 0n, notAfter: 0n },
    lastResort: true,
    used: entry.used,
    replaced: entry.replaced,
  }
}

/** The verbs that note that a group was joined with a KeyPackage. */
export const markUsed = (entry: OwnEntry): Verb => putEntry({ ...entry, used: true })

/**
 * Sees to it that a usable KeyPackage is on the relays: makes one, repeats one, replaces one.
 *
 * @returns true when a relay has it
 */
export const ensureKeyPackage: (
  runtime: Runtime,
  device: Device,
) => Effect.Effect<boolean, ServiceError> = Effect.fn("Mdk.ensureKeyPackage")(
  function* (runtime, device) {
    const now = BigInt(Math.trunc((yield* Clock.currentTimeMillis) / 1000))
    const done = yield* withOwnKeyPackages(runtime, (entries) =>
      Effect.gen(function* () {
        const newest = entries[0]
        if (newest === undefined || needsReplacement(publicationOf(newest), now)) return undefined
        if (newest.published && (yield* isOnRelays(runtime, device, newest))) return true
        return (yield* publishEntry(runtime, newest)) > 0
      }))
    return done ?? (yield* rotateKeyPackages(runtime, device)) > 0
  },
)

/** What relays have in this device's slot. */
const fetchSlot = Effect.fnUntraced(function* (runtime: Runtime, device: Device) {
  const { write } = yield* accountRelays(runtime)
  const fetched = yield* runtime.transport.fetch({
    relays: write,
    filters: [{
      authors: [runtime.self],
      kinds: [NostrKind.keyPackage],
      tags: { d: [device.slot] },
    }],
    identity: runtime.identity,
  }).pipe(Effect.mapError(toServiceError))
  return fetched.events
})

const isOnRelays = (
  runtime: Runtime,
  device: Device,
  entry: OwnEntry,
): Effect.Effect<boolean, ServiceError> =>
  Effect.map(
    fetchSlot(runtime, device),
    (events) => events.some((event) => event.id === entry.event.id),
  )

/**
 * The time of the newest event in this device's slot, here and on relays; 0 when there is none.
 *
 * Relays acknowledge an event that is no newer than what they have, and keep the other one (NIP-01).
 * What was made in the same second, before the clock was set back or after a backup is such a one.
 */
const newestInSlot = Effect.fnUntraced(function* (runtime: Runtime, device: Device) {
  const here = yield* withOwnKeyPackages(
    runtime,
    (entries) => Effect.succeed(entries.map(({ event }) => event.created_at)),
  )
  // Without an answer it cannot be published now; what is here decides.
  const there = runtime.offline ? [] : yield* fetchSlot(runtime, device).pipe(
    Effect.catchTag("ServiceError", () => Effect.succeed([])),
  )
  return Math.max(0, ...here, ...there.map((event) => event.created_at))
})
