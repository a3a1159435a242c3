/**
 * Choice of the primitives' implementation for the runtime at hand.
 *
 * @module
 */
import { nobleCryptoProvider } from "./noble_provider.ts"
import { makeNodeCryptoProvider } from "./node_provider.ts"
import type { CryptoProvider } from "./provider.ts"
import { findBunHashing, findNodeCrypto, runtimeName } from "./runtime_crypto.ts"

let chosen: CryptoProvider | undefined

/**
 * The fastest implementation that needs nothing installed: `node:crypto` on Node, Deno and Bun, pure
 * JavaScript elsewhere. Needs no permission. The same value on every call.
 */
export function defaultCryptoProvider(): CryptoProvider {
  return chosen ??= choose()
}

function choose(): CryptoProvider {
  const module = findNodeCrypto()
  if (module === undefined) return nobleCryptoProvider
  return makeNodeCryptoProvider({ module, runtime: runtimeName(), bunHashing: findBunHashing() })
}
