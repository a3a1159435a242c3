/**
 * The bytes of a wrapped key file, version 1. Integers are big-endian.
 *
 * | Offset | Length | Content |
 * |---|---|---|
 * | 0 | 8 | `mdk-wrap` |
 * | 8 | 1 | format version, 1 |
 * | 9 | 1 | key derivation, 1 = argon2id version 1.3 (RFC 9106) |
 * | 10 | 4 | argon2id memory in KiB |
 * | 14 | 4 | argon2id passes |
 * | 18 | 1 | argon2id lanes |
 * | 19 | 16 | salt |
 * | 35 | 24 | XChaCha20-Poly1305 nonce |
 * | 59 | 1 + s | service id, length first, UTF-8 |
 * | 60 + s | 1 + k | key id, length first, UTF-8 |
 * | 61 + s + k | 48 | the key, encrypted, with its tag |
 * | 109 + s + k | 32 | SHA-256 of everything before |
 *
 * Everything before the encrypted key is its associated data, so the file cannot be moved to another
 * name and its parameters cannot be changed. The checksum tells damage from a wrong passphrase: it
 * protects nothing, and needs no passphrase.
 *
 * @module
 */
import { KEY_LENGTH, type KeyName } from "@mdk/core/services"
import { isValidId } from "../entry/key_name.ts"
import { areReadable, type Argon2Parameters } from "./argon2_parameters.ts"

const MAGIC = new TextEncoder().encode("mdk-wrap")
const VERSION = 1
const ARGON2ID = 1
const SEALED_LENGTH = KEY_LENGTH + 16
const CHECKSUM_LENGTH = 32

/** Length of the salt in bytes. */
export const SALT_LENGTH = 16
/** Length of the nonce in bytes. */
export const NONCE_LENGTH = 24
/** No file is longer; more is not read. */
export const MAX_FILE_LENGTH: number = 61 + 2 * 255 + SEALED_LENGTH + CHECKSUM_LENGTH

/** What a wrapped key file says before it is opened. */
export interface WrappedHeader {
  /** The key's name. */
  readonly name: KeyName
  /** How the wrapping key is derived. */
  readonly parameters: Argon2Parameters
  /** 16 bytes. */
  readonly salt: Uint8Array
  /** 24 bytes. */
  readonly nonce: Uint8Array
}

/** A parsed file. */
export interface WrappedFile extends WrappedHeader {
  /** The associated data: the file's bytes up to the encrypted key. */
  readonly associatedData: Uint8Array
  /** The encrypted key and its tag, 48 bytes. */
  readonly sealed: Uint8Array
}

/** Why bytes are not a wrapped key file: broken, or from a newer version of this format. */
export type FormatFault = "damaged" | "newer" | "unreasonable-parameters"

const checksum = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes.slice()))

/** Encodes the part that is authenticated but not encrypted. */
export const encodeHeader = (header: WrappedHeader): Uint8Array => {
  const service = new TextEncoder().encode(header.name.serviceId)
  const key = new TextEncoder().encode(header.name.keyId)
  const bytes = new Uint8Array(61 + service.length + key.length)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  bytes[8] = VERSION
  bytes[9] = ARGON2ID
  view.setUint32(10, header.parameters.memoryKiB)
  view.setUint32(14, header.parameters.passes)
  bytes[18] = header.parameters.lanes
  bytes.set(header.salt, 19)
  bytes.set(header.nonce, 35)
  bytes[59] = service.length
  bytes.set(service, 60)
  bytes[60 + service.length] = key.length
  bytes.set(key, 61 + service.length)
  return bytes
}

/** Puts a file together: header, encrypted key, checksum. */
export const encodeFile = async (
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array> => {
  const body = new Uint8Array(associatedData.length + sealed.length)
  body.set(associatedData)
  body.set(sealed, associatedData.length)
  const file = new Uint8Array(body.length + CHECKSUM_LENGTH)
  file.set(body)
  file.set(await checksum(body), body.length)
  return file
}

const decodeId = (bytes: Uint8Array): string | undefined => {
  try {
    const id = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    return isValidId(id) ? id : undefined
  } catch {
    return undefined
  }
}

/**
 * Parses a file completely; no memory is taken that its parameters ask for.
 *
 * Parameters out of bounds are a fault of their own, so that a hostile file cannot make the reader
 * work for hours or take all memory.
 */
export const decodeFile = async (file: Uint8Array): Promise<WrappedFile | FormatFault> => {
  if (!MAGIC.every((byte, i) => file[i] === byte)) return "damaged"
  if ((file[8] ?? 0) > VERSION) return "newer"
  if (file.length > MAX_FILE_LENGTH || file[8] !== VERSION) return "damaged"
  const serviceEnd = 60 + (file[59] ?? 0)
  const headerEnd = serviceEnd + 1 + (file[serviceEnd] ?? 0)
  const bodyEnd = headerEnd + SEALED_LENGTH
  if (file.length !== bodyEnd + CHECKSUM_LENGTH) return "damaged"
  const expected = await checksum(file.subarray(0, bodyEnd))
  if (!expected.every((byte, i) => file[bodyEnd + i] === byte)) return "damaged"
  if (file[9] !== ARGON2ID) return "newer"

  const serviceId = decodeId(file.subarray(60, serviceEnd))
  const keyId = decodeId(file.subarray(serviceEnd + 1, headerEnd))
  if (serviceId === undefined || keyId === undefined) return "damaged"
  const view = new DataView(file.buffer, file.byteOffset)
  const parameters = {
    memoryKiB: view.getUint32(10),
    passes: view.getUint32(14),
    lanes: file[18] ?? 0,
  }
  if (!areReadable(parameters)) return "unreasonable-parameters"
  return {
    name: { serviceId, keyId },
    parameters,
    salt: file.slice(19, 19 + SALT_LENGTH),
    nonce: file.slice(35, 35 + NONCE_LENGTH),
    associatedData: file.slice(0, headerEnd),
    sealed: file.slice(headerEnd, bodyEnd),
  }
}
