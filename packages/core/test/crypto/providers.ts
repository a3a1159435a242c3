import { createRequire } from "node:module"
import process from "node:process"
import {
  type CryptoProvider,
  defaultCryptoProvider,
  makeSodiumCryptoProvider,
  nobleCryptoProvider,
} from "../../src/crypto/mod.ts"

// The module is native code: on Deno it needs permissions that these tests otherwise do without, and
// packages may leave its binary out for a platform.
function sodiumProvider(): CryptoProvider | undefined {
  if (process.versions["deno"] !== undefined) return undefined
  try {
    const sodium = createRequire(import.meta.url)("sodium-native")
    return makeSodiumCryptoProvider(sodium, defaultCryptoProvider())
  } catch {
    return undefined
  }
}

const sodium = sodiumProvider()

/** The implementations whose results must not differ. */
export const providers: ReadonlyArray<CryptoProvider> = [
  defaultCryptoProvider(),
  nobleCryptoProvider,
  ...(sodium === undefined ? [] : [sodium]),
]

export const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
