/**
 * Words as the full-text index holds them: keyed hashes, so that no text ever stands in its pages.
 *
 * The index is rewritten by SQLite's own rules, which leave old bytes behind when pages are balanced.
 * 41 bits tell words apart; whoever searches compares the words themselves afterwards.
 *
 * @module
 */
import type { EntropyService } from "@mdk/core/services"
import { createHmac } from "node:crypto"
import type { SqlConnection } from "../driver/port.ts"
import { ArenaError } from "./value_arena.ts"

const KEY_LENGTH = 32
const TOKEN_LENGTH = 8

/** Words whose tokens are kept at hand. */
const MAX_CACHED = 8192

/** Makes the key of the tokens once for every database. Runs inside a transaction. */
export function createTokenKey(connection: SqlConnection, entropy: EntropyService): void {
  connection.prepare("INSERT INTO mdk_keys (name, value) VALUES ('tokens', ?)")
    .run(entropy.bytes(KEY_LENGTH))
}

/** The tokens of one database. */
export class SearchTokens {
  readonly #key: Uint8Array
  readonly #cache: Map<string, string> = new Map()

  constructor(connection: SqlConnection) {
    const row = connection.prepare("SELECT value FROM mdk_keys WHERE name = 'tokens'").get()
    const key = row?.["value"]
    if (!(key instanceof Uint8Array)) throw new ArenaError()
    this.#key = key
  }

  /** The token of one word: 8 characters of `0-9a-z`. */
  of(word: string): string {
    const known = this.#cache.get(word)
    if (known !== undefined) return known
    const hash = createHmac("sha256", this.#key).update(word, "utf8").digest()
    const number = hash.readUIntBE(0, 6) % 36 ** TOKEN_LENGTH
    const token = number.toString(36).padStart(TOKEN_LENGTH, "0")
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear()
    this.#cache.set(word, token)
    return token
  }

  /** The tokens of words separated by spaces, in the same form. */
  ofAll(words: string): string {
    return words.split(" ").map((word) => this.of(word)).join(" ")
  }

  /** Zeroes the key and forgets the words. */
  wipe(): void {
    this.#key.fill(0)
    this.#cache.clear()
  }
}
