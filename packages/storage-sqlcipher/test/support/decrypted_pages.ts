import { Buffer } from "node:buffer"
import { createDecipheriv } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { hmacKeyOf, isAuthentic, PAGE_SIZE } from "../../src/open/page_authentication.ts"

const RESERVED = 80
const WAL_HEADER = 32
const FRAME_HEADER = 24

/** A page in clear: its number and its content without the reserved part. */
export interface ClearPage {
  readonly from: "main" | "wal"
  readonly number: number
  readonly content: Buffer
}

/** Decrypts every page of a database and every frame of its log, by the format's rules alone. */
export function decryptedPages(path: string, key: Uint8Array): ReadonlyArray<ClearPage> {
  const main = readFileSync(path)
  const salt = main.subarray(0, 16)
  const macKey = hmacKeyOf(salt, key)
  const pages: Array<ClearPage> = []
  const decrypt = (from: ClearPage["from"], page: Buffer, number: number) => {
    if (!isAuthentic(page, number, macKey)) {
      throw new Error(`page ${number} of ${from} is not authentic`)
    }
    const start = number === 1 ? 16 : 0
    const end = PAGE_SIZE - RESERVED
    const cipher = createDecipheriv("aes-256-cbc", key, page.subarray(end, end + 16))
    cipher.setAutoPadding(false)
    const content = Buffer.concat([cipher.update(page.subarray(start, end)), cipher.final()])
    pages.push({ from, number, content })
  }
  for (let at = 0; at + PAGE_SIZE <= main.length; at += PAGE_SIZE) {
    decrypt("main", main.subarray(at, at + PAGE_SIZE), at / PAGE_SIZE + 1)
  }
  const log = existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`) : Buffer.alloc(0)
  for (
    let at = WAL_HEADER;
    at + FRAME_HEADER + PAGE_SIZE <= log.length;
    at += FRAME_HEADER + PAGE_SIZE
  ) {
    const frame = log.subarray(at + FRAME_HEADER, at + FRAME_HEADER + PAGE_SIZE)
    decrypt("wal", frame, log.readUInt32BE(at))
  }
  return pages
}

/** The pages that hold one of the markers. */
export const pagesWith = (
  pages: ReadonlyArray<ClearPage>,
  markers: ReadonlyArray<string>,
): ReadonlyArray<ClearPage> =>
  pages.filter(({ content }) => markers.some((marker) => content.includes(marker)))
