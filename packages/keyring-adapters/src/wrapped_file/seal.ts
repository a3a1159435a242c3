/**
 * Wraps a key under a passphrase: argon2id derives the wrapping key, XChaCha20-Poly1305 seals.
 *
 * @module
 */
import type { EntropyService, KeyName } from "@mdk/core/services"
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js"
import type { Argon2Parameters } from "./argon2_parameters.ts"
import {
  encodeFile,
  encodeHeader,
  NONCE_LENGTH,
  SALT_LENGTH,
  type WrappedFile,
} from "./file_format.ts"

/** Derives the 32-byte wrapping key; the caller zeroes it. */
const deriveWrappingKey = async (
  passphrase: Uint8Array,
  salt: Uint8Array,
  { memoryKiB, passes, lanes }: Argon2Parameters,
): Promise<Uint8Array> => {
  // Loaded when it is needed: most programs never wrap a key.
  const { argon2id } = await import("hash-wasm")
  return await argon2id({
    password: passphrase,
    salt,
    memorySize: memoryKiB,
    iterations: passes,
    parallelism: lanes,
    hashLength: 32,
    outputType: "binary",
  })
}

/** Makes a complete file with a fresh salt and nonce. */
export const sealKey = async (
  name: KeyName,
  key: Uint8Array,
  passphrase: Uint8Array,
  parameters: Argon2Parameters,
  entropy: EntropyService,
): Promise<Uint8Array> => {
  const salt = entropy.bytes(SALT_LENGTH)
  const nonce = entropy.bytes(NONCE_LENGTH)
  const associatedData = encodeHeader({ name, parameters, salt, nonce })
  const wrappingKey = await deriveWrappingKey(passphrase, salt, parameters)
  try {
    return await encodeFile(
      associatedData,
      xchacha20poly1305(wrappingKey, nonce, associatedData).encrypt(key),
    )
  } finally {
    wrappingKey.fill(0)
  }
}

/** The key, which the caller zeroes, or undefined when the passphrase is another one. */
export const openKey = async (
  file: WrappedFile,
  passphrase: Uint8Array,
): Promise<Uint8Array | undefined> => {
  const wrappingKey = await deriveWrappingKey(passphrase, file.salt, file.parameters)
  try {
    return xchacha20poly1305(wrappingKey, file.nonce, file.associatedData).decrypt(file.sealed)
  } catch {
    return undefined
  } finally {
    wrappingKey.fill(0)
  }
}
