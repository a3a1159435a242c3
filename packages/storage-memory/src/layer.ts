/**
 * Layers that provide a storage in memory.
 *
 * @module
 */
import { Storage, StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DiskState, type MemoryDisk, stateOf } from "./disk.ts"
import { makeService } from "./service.ts"

/**
 * A storage that begins empty and forgets everything, zeroed, when its scope closes.
 *
 * @example
 * ```ts
 * import { Storage } from "@mdk/core/services"
 * import { layer } from "@mdk/storage-memory"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import assert from "node:assert/strict"
 *
 * const program = Effect.gen(function* () {
 *   const storage = yield* Storage
 *   yield* storage.declare([{ name: "notes", kind: "keyed", columns: {}, indexes: {} }])
 *   yield* storage.commit({
 *     id: "00".repeat(16),
 *     verbs: [{ verb: "put", collection: "notes", key: "a", value: new Uint8Array([1]) }],
 *   })
 *   const row = Option.getOrThrow(yield* storage.get("notes", "a"))
 *   assert.deepEqual(row.value, new Uint8Array([1]))
 * })
 * await Effect.runPromise(Effect.provide(program, layer))
 * ```
 */
export const layer: Layer.Layer<Storage> = Layer.effect(
  Storage,
  Effect.acquireRelease(
    Effect.sync(() => {
      const disk = new DiskState()
      disk.acquire()
      return { disk, ...makeService(disk) }
    }),
    ({ close, disk }) =>
      Effect.sync(() => {
        close()
        disk.wipe()
      }),
  ).pipe(Effect.map(({ service }) => service)),
)

/**
 * A storage on a {@link MemoryDisk}, which keeps everything for the next opening.
 *
 * Fails with `account-in-use` while another layer has the disk open.
 */
export const layerOn = (place: MemoryDisk): Layer.Layer<Storage, StorageError> => {
  const disk = stateOf(place)
  return Layer.effect(
    Storage,
    Effect.acquireRelease(
      Effect.suspend(() =>
        disk.acquire()
          ? Effect.succeed(makeService(disk))
          : Effect.fail(new StorageError({ operation: "open", reason: "account-in-use" }))
      ),
      ({ close }) =>
        Effect.sync(() => {
          close()
          disk.release()
        }),
    ).pipe(Effect.map(({ service }) => service)),
  )
}
