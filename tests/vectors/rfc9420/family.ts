/**
 * What a family of RFC 9420 test vectors is: a file, and how each of its entries is checked.
 *
 * @module
 */
import assert from "node:assert/strict"
import {
  type CryptoProvider,
  defaultCryptoProvider,
} from "../../../packages/core/src/crypto/mod.ts"

/** One entry of a file, ready to run; throws when the implementation disagrees. */
export interface VectorCase {
  /** Family and place in the file. */
  readonly name: string
  /** Checks it. */
  readonly run: () => void
}

/** A family of vectors. */
export interface VectorFamily {
  /** Name of the family and, with `.json`, of its file. */
  readonly name: string
  /** The cases in a file's content; throws when its schema is not the known one. */
  readonly cases: (content: string) => ReadonlyArray<VectorCase>
}

/** How {@link family} describes a family. */
export interface FamilyOptions<Entry> {
  /** Name of the family and, with `.json`, of its file. */
  readonly name: string
  /** Keys that every entry has, and no others. */
  readonly keys: ReadonlyArray<keyof Entry & string>
  /** Checks one entry. */
  readonly check: (entry: Entry) => void
}

/**
 * Makes a family. Entries with a `cipher_suite` are run for suite 1 only. An entry with other keys
 * than the known ones fails.
 */
export function family<Entry extends object>(options: FamilyOptions<Entry>): VectorFamily {
  const { name, keys, check } = options
  const expected = keys.toSorted()
  return {
    name,
    cases: (content) => {
      const entries: ReadonlyArray<Entry & { readonly cipher_suite?: number }> = JSON.parse(content)
      assert.ok(Array.isArray(entries), "a vector file holds a list")
      return entries.flatMap((entry, index) => {
        if (entry.cipher_suite !== undefined && entry.cipher_suite !== 1) return []
        return [{
          name: `${name} ${index}`,
          run: () => {
            const found = Object.keys(entry).filter((key) => key !== "cipher_suite").sort()
            assert.deepEqual(found, expected, "unknown schema")
            check(entry)
          },
        }]
      })
    },
  }
}

/** Bytes of a hexadecimal string. */
export function hex(text: string): Uint8Array {
  assert.match(text, /^([0-9a-f]{2})*$/)
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

/** Hexadecimal string of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** The implementation under test. */
export const crypto: CryptoProvider = defaultCryptoProvider()
