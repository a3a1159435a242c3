/**
 * Authenticating pages of a SQLCipher 4 file without opening it.
 *
 * SQLite answers the same for a wrong key, a damaged first page and a file of another kind. A page
 * whose HMAC is right under a key proves that the key is right.
 *
 * SQLCipher 4: pages of 4096 bytes, the last 80 of each reserved (IV 16, HMAC-SHA-512 64). The first
 * 16 bytes of the file are the salt. The HMAC key is PBKDF2-HMAC-SHA-512(key, salt XOR 0x3a, 2 rounds,
 * 32 bytes); the HMAC covers ciphertext, IV and the page number (32 bits, little endian).
 *
 * @module
 */
import { Buffer } from "node:buffer"
import { createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto"
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs"

/** Bytes of a page. */
export const PAGE_SIZE = 4096

const SALT_SIZE = 16
const MAC_SIZE = 64

/** At most this many pages are looked at, spread over the file. */
const MAX_PAGES = 64

/** What a look at the pages of a file showed. */
export interface PageEvidence {
  /** Bytes of the file. */
  readonly size: number
  /** The first page is authentic under the key. */
  readonly first: boolean
  /** Some page is authentic under the key. */
  readonly any: boolean
}

/** Authenticates pages under a key. Only while no connection of this process has the file open. */
export function examinePages(path: string, key: Uint8Array): PageEvidence {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const { size } = fstatSync(descriptor)
    const pages = Math.floor(size / PAGE_SIZE)
    if (pages === 0) return { size, first: false, any: false }
    const page = Buffer.alloc(PAGE_SIZE)
    const read = (number: number) => {
      readSync(descriptor, page, 0, PAGE_SIZE, (number - 1) * PAGE_SIZE)
      return page
    }
    const hmacKey = hmacKeyOf(read(1).subarray(0, SALT_SIZE), key)
    try {
      const first = isAuthentic(page, 1, hmacKey)
      let any = first
      const step = Math.max(1, Math.floor(pages / MAX_PAGES))
      for (let number = 2; number <= pages && !any; number += step) {
        any = isAuthentic(read(number), number, hmacKey)
      }
      return { size, first, any }
    } finally {
      hmacKey.fill(0)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** The key of the page HMACs of a file with this salt. The caller zeroes it. */
export function hmacKeyOf(salt: Uint8Array, key: Uint8Array): Uint8Array {
  return pbkdf2Sync(key, salt.map((byte) => byte ^ 0x3a), 2, 32, "sha512")
}

/** True when a page carries the right HMAC for its content and number. */
export function isAuthentic(page: Uint8Array, number: number, hmacKey: Uint8Array): boolean {
  const end = PAGE_SIZE - MAC_SIZE
  const littleEndian = Buffer.alloc(4)
  littleEndian.writeUInt32LE(number)
  const expected = createHmac("sha512", hmacKey)
    .update(page.subarray(number === 1 ? SALT_SIZE : 0, end))
    .update(littleEndian)
    .digest()
  return timingSafeEqual(expected, page.subarray(end, PAGE_SIZE))
}
