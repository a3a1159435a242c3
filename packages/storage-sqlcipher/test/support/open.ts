import {
  Storage,
  type StorageError,
  type StorageErrorReason,
  type StorageService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import type { Driver } from "../../src/driver/port.ts"
import { openWith } from "../../src/layer.ts"
import type { KeySource } from "../../src/open/key_handover.ts"
import { defaultDriver } from "./drivers.ts"

/** The key of most tests. */
export const KEY: Uint8Array = Uint8Array.from({ length: 32 }, (_, at) => at * 7 + 1)

/** A key that the test itself brings. */
export const given = (key: Uint8Array = KEY): KeySource => ({
  kind: "given",
  key: Redacted.make(key),
})

/** A layer over a chosen driver. */
export const layerOf = (
  path: string,
  source: KeySource = given(),
  driver: Driver = defaultDriver,
): Layer.Layer<Storage, StorageError> => Layer.effect(Storage, openWith(driver, path, source))

/** Opens, runs, closes. */
export const open = <A, E>(
  path: string,
  program: (storage: StorageService) => Effect.Effect<A, E>,
  source: KeySource = given(),
  driver: Driver = defaultDriver,
): Promise<A> =>
  Effect.runPromise(Storage.use(program).pipe(Effect.provide(layerOf(path, source, driver))))

/** Why an opening, or a program on it, fails. */
export const refusedBecause = async (
  path: string,
  source: KeySource = given(),
  driver: Driver = defaultDriver,
  program: (storage: StorageService) => Effect.Effect<unknown, StorageError> = () => Effect.void,
): Promise<StorageErrorReason | "opened"> => {
  const result = await Effect.runPromise(Effect.result(
    Storage.use(program).pipe(Effect.provide(layerOf(path, source, driver))),
  ))
  if (result._tag === "Success") return "opened"
  assert.equal(result.failure._tag, "StorageError")
  return result.failure.reason
}
