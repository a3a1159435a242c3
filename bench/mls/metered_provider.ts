/**
 * A crypto provider that can measure how long its callers spend inside of it.
 *
 * @module
 */
import type { CryptoProvider } from "../../packages/core/src/crypto/mod.ts"

/** Time and calls inside of primitives. */
export interface Metered {
  /** Microseconds. */
  readonly micros: number
  /** Calls by primitive. */
  readonly calls: Readonly<Record<string, number>>
}

/** A provider with a switch. */
export interface MeteredProvider {
  /** The provider. */
  readonly provider: CryptoProvider
  /** Measures one action. */
  readonly measure: (action: () => void) => Metered
}

/** Wraps a provider; while nothing is measured it costs one more call. */
export function meteredProvider(inner: CryptoProvider): MeteredProvider {
  let measuring = false
  let micros = 0
  let calls: Record<string, number> = {}
  const wrap = <A extends ReadonlyArray<unknown>, R>(
    name: string,
    call: (...args: A) => R,
  ): (...args: A) => R =>
  (...args) => {
    if (!measuring) return call(...args)
    calls[name] = (calls[name] ?? 0) + 1
    const start = performance.now()
    const result = call(...args)
    micros += (performance.now() - start) * 1000
    return result
  }
  return {
    provider: {
      name: inner.name,
      sha256: wrap("sha256", inner.sha256),
      hmacSha256: wrap("hmac", inner.hmacSha256),
      aes128GcmSeal: wrap("aes seal", inner.aes128GcmSeal),
      aes128GcmOpen: wrap("aes open", inner.aes128GcmOpen),
      chacha20Poly1305Seal: wrap("chacha seal", inner.chacha20Poly1305Seal),
      chacha20Poly1305Open: wrap("chacha open", inner.chacha20Poly1305Open),
      ed25519PublicKey: wrap("ed25519 public key", inner.ed25519PublicKey),
      importSigningKey: wrap("import signing key", inner.importSigningKey),
      importVerificationKey: wrap("import verification key", inner.importVerificationKey),
      sign: wrap("sign", inner.sign),
      verify: wrap("verify", inner.verify),
      x25519PublicKey: wrap("x25519 public key", inner.x25519PublicKey),
      importDhKey: wrap("import dh key", inner.importDhKey),
      dhPublicKey: wrap("dh public key", inner.dhPublicKey),
      dh: wrap("dh", inner.dh),
    },
    measure: (action) => {
      micros = 0
      calls = {}
      measuring = true
      try {
        action()
      } finally {
        measuring = false
      }
      return { micros, calls }
    },
  }
}
