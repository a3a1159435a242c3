import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { test } from "node:test"
import { CLEAR_SIZE, IV_SIZE, PageCipher, SALT_SIZE } from "../../src/lifecycle/page_cipher.ts"
import { PAGE_SIZE } from "../../src/open/page_authentication.ts"
import { KEY } from "../support/open.ts"

test("of the first page's content only what the caller gets is left in memory", () => {
  const cipher = new PageCipher(KEY, new Uint8Array(SALT_SIZE).fill(9))
  const content = new Uint8Array(CLEAR_SIZE).fill(7)
  content.set(new TextEncoder().encode("SQLite format 3\0"))
  const page = new Uint8Array(PAGE_SIZE)
  cipher.seal(content, 1, new Uint8Array(IV_SIZE).fill(5), page)
  const concat = Buffer.concat
  const pieces: Array<Uint8Array> = []
  Buffer.concat = (list, length) => {
    pieces.push(...list)
    return concat(list, length)
  }
  try {
    assert.deepEqual(cipher.open(page, 1)?.slice(), Buffer.from(content))
  } finally {
    Buffer.concat = concat
  }
  const inClear = pieces.filter((piece) => piece.length === CLEAR_SIZE - SALT_SIZE)
  assert.equal(inClear.length, 1)
  assert.ok(inClear.every((piece) => piece.every((byte) => byte === 0)))
  cipher.wipe()
})
