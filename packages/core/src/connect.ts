/**
 * The Promise front of {@link Mdk}.
 *
 * @module
 */
import type * as Layer from "effect/Layer"
import type { MdkClient } from "./api/client.ts"
import type { Mdk } from "./mdk.ts"

/** Builds a composed layer and returns its account; rejects with the layer's own error classes. */
export const connect: <E>(layer: Layer.Layer<Mdk, E>) => Promise<MdkClient> = () =>
  Promise.reject(new TypeError("not built yet"))
