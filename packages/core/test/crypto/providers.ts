import { defaultCryptoProvider, nobleCryptoProvider } from "../../src/crypto/mod.ts"
import type { CryptoProvider } from "../../src/crypto/mod.ts"

/** The implementations whose results must not differ. */
export const providers: ReadonlyArray<CryptoProvider> = [
  defaultCryptoProvider(),
  nobleCryptoProvider,
]

export const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
