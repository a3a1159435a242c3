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
 *
 * @example
 * ```ts
 * import { defaultCryptoProvider } from "@mdk/core/crypto"
 *
 * const crypto = defaultCryptoProvider()
 * const seed = globalThis.crypto.getRandomValues(new Uint8Array(32))
 * const message = new TextEncoder().encode("hi")
 * const signature = crypto.sign(crypto.importSigningKey(seed), message)
 * const key = crypto.importVerificationKey(crypto.ed25519PublicKey(seed))
 * if (key === undefined || !crypto.verify(key, message, signature)) throw new Error("unexpected")
 * ```
 */
export function defaultCryptoProvider(): CryptoProvider {
  return chosen ??= choose()
}

function choose(): CryptoProvider {
  const module = findNodeCrypto()
  if (module === undefined) return nobleCryptoProvider
  return makeNodeCryptoProvider({ module, runtime: runtimeName(), bunHashing: findBunHashing() })
}
