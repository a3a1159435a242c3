/**
 * What the storage contract suite needs to know of an adapter, and the steps its tests share.
 *
 * @module
 */
import assert from "node:assert/strict"
import { test } from "node:test"
import {
  type Batch,
  type Collection,
  Storage,
  StorageError,
  type StorageErrorReason,
  type StorageService,
  type Verb,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** One durable place that a test opens, closes and opens again. */
export interface StorageSubject {
  /** Opens the place. Every building of it is a new opening. */
  readonly layer: Layer.Layer<Storage, unknown>
  /**
   * Makes the next commit fail with this reason. `applied` says whether the batch became durable
   * all the same (only for `outcome-unknown`). Absent where the adapter cannot be made to fail.
   */
  readonly failNextCommit?: (fault: {
    readonly reason: "full" | "io" | "busy" | "outcome-unknown"
    readonly applied: boolean
  }) => void
  /** Copies the place while it is closed, as somebody would copy the files. */
  readonly copy?: () => Promise<StorageSubject>
  /** Removes the place. */
  readonly dispose?: () => Promise<void>
}

/** Makes a fresh, empty place. */
export type MakeStorageSubject = () => Promise<StorageSubject>

/** Registers one contract test on a fresh place. */
export type ContractTest = (
  name: string,
  body: (subject: StorageSubject) => Promise<void>,
) => void

/** A {@link ContractTest} whose places come from `make` and are removed afterwards. */
export const contractTest = (make: MakeStorageSubject): ContractTest => (name, body) => {
  test(name, { timeout: 120_000 }, async () => {
    const subject = await make()
    try {
      await body(subject)
    } finally {
      await subject.dispose?.()
    }
  })
}

/** Opens the place, declares {@link COLLECTIONS}, runs a program and closes the place. */
export const session = <A, E>(
  subject: StorageSubject,
  program: (storage: StorageService) => Effect.Effect<A, E>,
): Promise<A> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const storage = yield* Storage
      yield* storage.declare(COLLECTIONS)
      return yield* program(storage)
    }).pipe(Effect.provide(Layer.fresh(subject.layer))),
  )

/** Runs an effect that must fail as a storage, and answers why. */
export const reasonOf = <A>(
  effect: Effect.Effect<A, unknown>,
): Effect.Effect<StorageErrorReason> =>
  Effect.flip(effect).pipe(
    Effect.orDie,
    Effect.map((error) => {
      assert.ok(error instanceof StorageError)
      return error.reason
    }),
  )

/** The collections of the suite: every kind, every column type, search on both kinds. */
export const COLLECTIONS: ReadonlyArray<Collection> = [
  { name: "plain", kind: "keyed", columns: {}, indexes: {} },
  {
    name: "typed",
    kind: "keyed",
    columns: { name: "text", rank: "integer", tag: "bytes" },
    indexes: { by_name: ["name"], by_tag_rank: ["tag", "rank"], by_rank: ["rank"] },
  },
  {
    name: "feed",
    kind: "log",
    columns: { topic: "text", at: "integer" },
    indexes: { by_topic_at: ["topic", "at"] },
  },
  {
    name: "notes",
    kind: "keyed",
    columns: { box: "text", at: "integer" },
    indexes: { by_box_at: ["box", "at"] },
    searchable: true,
  },
  {
    name: "pages",
    kind: "keyed",
    columns: { book: "text", number: "integer" },
    indexes: { by_book: ["book"] },
    searchable: true,
    searchOrder: "number",
  },
  {
    name: "lines",
    kind: "log",
    columns: { box: "bytes" },
    indexes: { by_box: ["box"] },
    searchable: true,
  },
]

let batches = 0

/** A batch id that no other call of this process gets. */
export const freshBatchId = (): string => (++batches).toString(16).padStart(32, "0")

/** A batch with a fresh id. */
export const batchOf = (...verbs: ReadonlyArray<Verb>): Batch => ({ id: freshBatchId(), verbs })

/** UTF-8 bytes of a text, as a value. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
