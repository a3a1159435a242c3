/**
 * Pages of a SQLCipher 4 file in clear and back, by the rules of the format.
 *
 * A page of 4096 bytes is ciphertext (AES-256-CBC without padding), IV (16 bytes) and HMAC (64 bytes).
 * The first page begins with the salt (16 bytes) in place of SQLite's own header text.
 *
 * @module
 */
import { Buffer } from "node:buffer"
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto"
import { hmacKeyOf, isAuthentic, PAGE_SIZE } from "../open/page_authentication.ts"

/** Bytes of a page that hold content. */
export const CLEAR_SIZE: number = PAGE_SIZE - 80

/** Bytes of the salt. */
export const SALT_SIZE = 16

/** Bytes of an IV. */
export const IV_SIZE = 16

const HEADER = Buffer.from("SQLite format 3\0", "latin1")
const PENDING_BYTE = 0x40000000

/** The page that SQLite never uses because locks are taken in its place; it is a hole in the file. */
export const LOCK_PAGE: number = PENDING_BYTE / PAGE_SIZE + 1

/** The keys of one file. */
export class PageCipher {
  readonly #key: Uint8Array
  readonly #macKey: Uint8Array
  readonly #salt: Uint8Array

  /** @param key 32 bytes, which stay the caller's @param salt the first 16 bytes of the file */
  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#key = key.slice()
    this.#salt = salt.slice()
    this.#macKey = hmacKeyOf(salt, key)
  }

  /** True when a page is the one that was written in this place under this key. */
  isAuthentic(page: Uint8Array, number: number): boolean {
    return isAuthentic(page, number, this.#macKey)
  }

  /** The content of an authentic page, which the caller zeroes; undefined when it is not one. */
  open(page: Uint8Array, number: number): Uint8Array | undefined {
    if (!this.isAuthentic(page, number)) return undefined
    const iv = page.subarray(CLEAR_SIZE, CLEAR_SIZE + IV_SIZE)
    const cipher = createDecipheriv("aes-256-cbc", this.#key, iv).setAutoPadding(false)
    const start = number === 1 ? SALT_SIZE : 0
    const clear = cipher.update(page.subarray(start, CLEAR_SIZE))
    cipher.final()
    if (number !== 1) return clear
    const whole = Buffer.concat([HEADER, clear])
    clear.fill(0)
    return whole
  }

  /** Writes a page with content into `page`. */
  seal(clear: Uint8Array, number: number, iv: Uint8Array, page: Uint8Array): void {
    const cipher = createCipheriv("aes-256-cbc", this.#key, iv).setAutoPadding(false)
    const start = number === 1 ? SALT_SIZE : 0
    if (number === 1) page.set(this.#salt)
    page.set(cipher.update(clear.subarray(start)), start)
    cipher.final()
    page.set(iv, CLEAR_SIZE)
    const place = Buffer.alloc(4)
    place.writeUInt32LE(number)
    const mac = createHmac("sha512", this.#macKey)
      .update(page.subarray(start, CLEAR_SIZE + IV_SIZE)).update(place).digest()
    page.set(mac, CLEAR_SIZE + IV_SIZE)
  }

  /** Zeroes the keys. */
  wipe(): void {
    this.#key.fill(0)
    this.#macKey.fill(0)
  }
}
