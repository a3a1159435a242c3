/**
 * The record beside a database: which key belongs to it, in which store, and which file it is.
 *
 * It holds no secret. It is durable before a key is stored, so that a creation which a crash
 * interrupted is told apart from a database whose content was lost.
 *
 * @module
 */
import { lstatSync, readFileSync } from "node:fs"
import type { DatabasePaths } from "../files/database_paths.ts"
import { synchronizeDirectory, writeDurably } from "../files/durable_write.ts"
import { isMissing } from "../files/private_file.ts"

/** What the record says. */
export interface CreationRecord {
  /** `creating` until the database was opened for the first time. */
  readonly state: "creating" | "ready"
  /** The key store; null for a key that the application itself brings. */
  readonly backend: string | null
  /** The check value of the key. */
  readonly check: string
  /** The opening that wrote it, 0 while creating. */
  readonly generation: number
  /** The file's number in its file system, empty while creating. A copy has another one. */
  readonly inode: string
  /**
   * Only while another file takes the database's place: that file and its key. Until then both are the
   * database of this record. The number is empty while only the key is decided.
   */
  readonly next?: { readonly check: string; readonly inode: string }
}

const MAX_BYTES = 4096
const VERSION = 1

/** Reads the record; undefined when there is none, or none that can be understood. */
export function readRecord(paths: DatabasePaths): CreationRecord | undefined {
  let text: string
  try {
    if (lstatSync(paths.record).size > MAX_BYTES) return undefined
    text = readFileSync(paths.record, "utf8")
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  return parseRecord(text)
}

/** Reads the text of a record; undefined when it is not one. */
export function parseRecord(text: string): CreationRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== "object" || value === null) return undefined
  const { v, state, backend, check, generation, inode, next } = value as Record<string, unknown>
  if (v !== VERSION || (state !== "creating" && state !== "ready")) return undefined
  if (backend !== null && (typeof backend !== "string" || backend.length > 255)) return undefined
  if (!isCheck(check) || !isInode(inode)) return undefined
  if (typeof generation !== "number" || !Number.isSafeInteger(generation)) return undefined
  const record = { state, backend, check, generation, inode } as const
  if (next === undefined) return record
  if (typeof next !== "object" || next === null) return undefined
  const announced = next as Record<string, unknown>
  if (!isCheck(announced["check"]) || !isInode(announced["inode"])) return undefined
  return { ...record, next: { check: announced["check"], inode: announced["inode"] } }
}

const isCheck = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{16}$/.test(value)

const isInode = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9]{0,20}$/.test(value)

/** Replaces the record, durably. */
export function writeRecord(paths: DatabasePaths, record: CreationRecord): void {
  const text = `${JSON.stringify({ v: VERSION, ...record })}\n`
  writeDurably(paths.record, paths.nextRecord, new TextEncoder().encode(text))
  synchronizeDirectory(paths.directory)
}
