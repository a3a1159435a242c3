/**
 * Walking over all pages of a SQLCipher 4 file: to authenticate them, or to write them again under
 * another key.
 *
 * Memory is bounded by a few hundred pages whatever the size of the file, and other work of the process
 * goes on between two pieces.
 *
 * @module
 */
import type { EntropyService, StorageError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs"
import { refusal } from "../driver/failure.ts"
import { createPrivateFile } from "../files/private_file.ts"
import { PAGE_SIZE } from "../open/page_authentication.ts"
import { attempt } from "./attempt.ts"
import { CLEAR_SIZE, IV_SIZE, LOCK_PAGE, PageCipher, SALT_SIZE } from "./page_cipher.ts"
import type { LifecycleStep, OnProgress } from "./progress.ts"

const PAGES_AT_ONCE = 128

/** Pages and their content. */
export interface PageDigest {
  /** How many pages there are. */
  readonly pages: number
  /** SHA-256 over the content of all of them, in hex. */
  readonly digest: string
}

/** What a walk is told. */
export interface Walk {
  /** The file. No connection of this process may have it open. */
  readonly path: string
  /** Its key, 32 bytes. */
  readonly key: Uint8Array
  /** The step to report. */
  readonly step: LifecycleStep
  readonly onProgress: OnProgress
}

/**
 * Reads every page; fails with `damaged` at the first that is not authentic, with `not-a-database`
 * when the file is not made of pages.
 */
export const digestPages = (walk: Walk): Effect.Effect<PageDigest, StorageError> =>
  walkPages(walk, (pages) => {
    const hash = createHash("sha256")
    return {
      visit: (page, number, cipher) => {
        const clear = number === LOCK_PAGE
          ? page.subarray(0, CLEAR_SIZE)
          : cipher.open(page, number)
        if (clear === undefined) throw refusal("maintain", "damaged")
        hash.update(clear)
        clear.fill(0)
      },
      end: () => ({ pages, digest: hash.digest("hex") }),
    }
  })

/** Counts the pages that are not authentic; fails with `not-a-database` as {@link digestPages}. */
export const badPages = (
  walk: Walk,
): Effect.Effect<{ readonly pages: number; readonly bad: ReadonlyArray<number> }, StorageError> =>
  walkPages(walk, (pages) => {
    const bad: Array<number> = []
    return {
      visit: (page, number, cipher) => {
        if (number !== LOCK_PAGE && !cipher.isAuthentic(page, number)) bad.push(number)
      },
      end: () => ({ pages, bad }),
    }
  })

/**
 * Writes a file again under another key, with a new salt and new IVs, and synchronizes it. What was
 * written is the caller's to remove when this fails.
 */
export const recryptPages = (
  walk: Walk,
  to: { readonly path: string; readonly key: Uint8Array; readonly entropy: EntropyService },
): Effect.Effect<PageDigest, StorageError> =>
  Effect.acquireUseRelease(
    attempt(() => {
      const descriptor = createPrivateFile(to.path)
      if (descriptor === undefined) throw refusal("maintain", "unsafe-file")
      return { descriptor, cipher: new PageCipher(to.key, to.entropy.bytes(SALT_SIZE)) }
    }),
    ({ cipher: target, descriptor }) =>
      walkPages(walk, (pages) => {
        const hash = createHash("sha256")
        const sealed = Buffer.alloc(PAGE_SIZE)
        return {
          visit: (page, number, cipher) => {
            if (number === LOCK_PAGE) {
              sealed.fill(0)
              hash.update(sealed.subarray(0, CLEAR_SIZE))
            } else {
              const clear = cipher.open(page, number)
              if (clear === undefined) throw refusal("maintain", "damaged")
              hash.update(clear)
              target.seal(clear, number, to.entropy.bytes(IV_SIZE), sealed)
              clear.fill(0)
            }
            writeAll(descriptor, sealed, (number - 1) * PAGE_SIZE)
          },
          end: () => {
            fsyncSync(descriptor)
            return { pages, digest: hash.digest("hex") }
          },
        }
      }),
    ({ cipher, descriptor }) =>
      Effect.sync(() => {
        cipher.wipe()
        closeSync(descriptor)
      }),
  )

interface Visitor<A> {
  readonly visit: (page: Uint8Array, number: number, cipher: PageCipher) => void
  readonly end: () => A
}

function walkPages<A>(
  { key, onProgress, path, step }: Walk,
  start: (pages: number) => Visitor<A>,
): Effect.Effect<A, StorageError> {
  return Effect.acquireUseRelease(
    attempt(() => openFile(path, key)),
    ({ cipher, descriptor, pages }) =>
      Effect.gen(function* () {
        const visitor = yield* attempt(() => start(pages))
        const piece = Buffer.alloc(PAGES_AT_ONCE * PAGE_SIZE)
        for (let first = 0; first < pages; first += PAGES_AT_ONCE) {
          yield* attempt(() => {
            onProgress({ step, done: first, total: pages })
            const count = Math.min(PAGES_AT_ONCE, pages - first)
            readAll(descriptor, piece.subarray(0, count * PAGE_SIZE), first * PAGE_SIZE)
            for (let at = 0; at < count; at++) {
              visitor.visit(
                piece.subarray(at * PAGE_SIZE, (at + 1) * PAGE_SIZE),
                first + at + 1,
                cipher,
              )
            }
          })
          yield* Effect.yieldNow
        }
        const result = yield* attempt(() => visitor.end())
        yield* attempt(() => onProgress({ step, done: pages, total: pages }))
        return result
      }),
    ({ cipher, descriptor }) =>
      Effect.sync(() => {
        cipher.wipe()
        closeSync(descriptor)
      }),
  )
}

function openFile(path: string, key: Uint8Array) {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    const { size } = fstatSync(descriptor)
    if (size === 0 || size % PAGE_SIZE !== 0) throw refusal("maintain", "not-a-database")
    const salt = Buffer.alloc(SALT_SIZE)
    readAll(descriptor, salt, 0)
    return { descriptor, pages: size / PAGE_SIZE, cipher: new PageCipher(key, salt) }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** Reads exactly so many bytes; a file that became shorter is `damaged`. */
export function readAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) {
    const read = readSync(descriptor, bytes, at, bytes.length - at, position + at)
    if (read === 0) throw refusal("maintain", "damaged")
    at += read
  }
}

/** Writes all bytes. */
export function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(descriptor, bytes, at, bytes.length - at, position + at)
  }
}
