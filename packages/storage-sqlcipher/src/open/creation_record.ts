/**
 * The record beside a database: which key belongs to it, in which store, and which file it is.
 *
 * It holds no secret. It is durable before a key is stored, so that a creation which a crash
 * interrupted is told apart from a database whose content was lost.
 *
 * @module
 */
import { lstatSync, readFileSync, type Stats } from "node:fs"
import type { DatabasePaths } from "../files/database_paths.ts"
import { synchronizeDirectory, writeDurably } from "../files/durable_write.ts"
import { birthOf, isBirth } from "../files/file_birth.ts"
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
  /**
   * Only while creating: the check values of keys of earlier attempts, which the key store may hold all
   * the same although it answered that there is none.
   */
  readonly earlier?: ReadonlyArray<string>
  /**
   * True when the record is not the file that it was written as: somebody put a copy of it here, and
   * of the database probably too. It stays true until an opening has judged it.
   */
  readonly copied?: boolean
}

/** A record as it is written: with the birth of the file that it is written in. */
interface WrittenRecord {
  readonly record: CreationRecord
  /** Undefined in records of earlier versions, and where births are not known. */
  readonly birth: string | undefined
}

const MAX_BYTES = 4096

/** Attempts at a creation whose keys are remembered. */
export const MAX_EARLIER = 64
const VERSION = 1

/** Reads the record; undefined when there is none, or none that can be understood. */
export function readRecord(paths: DatabasePaths): CreationRecord | undefined {
  let text: string
  let stats: Stats
  try {
    stats = lstatSync(paths.record)
    if (stats.size > MAX_BYTES) return undefined
    text = readFileSync(paths.record, "utf8")
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  const written = parseWritten(text)
  if (written === undefined) return undefined
  const { birth, record } = written
  return birth === undefined || birth === birthOf(stats) ? record : { ...record, copied: true }
}

/** Reads the text of a record; undefined when it is not one. */
export const parseRecord = (text: string): CreationRecord | undefined => parseWritten(text)?.record

function parseWritten(text: string): WrittenRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== "object" || value === null) return undefined
  const { v, state, backend, birth, check, copied, earlier, generation, inode, next } =
    value as Record<
      string,
      unknown
    >
  if (v !== VERSION || (state !== "creating" && state !== "ready")) return undefined
  if (backend !== null && (typeof backend !== "string" || backend.length > 255)) return undefined
  if (!isCheck(check) || !isInode(inode)) return undefined
  if (typeof generation !== "number" || !Number.isSafeInteger(generation)) return undefined
  if (birth !== undefined && !isBirth(birth)) return undefined
  if (copied !== undefined && copied !== true) return undefined
  if (earlier !== undefined && !isListOfChecks(earlier)) return undefined
  const record: CreationRecord = {
    state,
    backend,
    check,
    generation,
    inode,
    ...(copied === true ? { copied } : {}),
    ...(earlier === undefined ? {} : { earlier }),
  }
  if (next === undefined) return { birth, record }
  if (typeof next !== "object" || next === null) return undefined
  const announced = next as Record<string, unknown>
  if (!isCheck(announced["check"]) || !isInode(announced["inode"])) return undefined
  return {
    birth,
    record: { ...record, next: { check: announced["check"], inode: announced["inode"] } },
  }
}

const isCheck = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{16}$/.test(value)

const isListOfChecks = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.length <= MAX_EARLIER && value.every(isCheck)

/** True when the record says that this key was made for a creation that is not finished. */
export const isKeyOfCreation = (record: CreationRecord | undefined, check: string): boolean =>
  record?.state === "creating" &&
  (record.check === check || record.earlier?.includes(check) === true)

const isInode = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9]{0,20}$/.test(value)

/**
 * Replaces the record, durably.
 *
 * Every record is a new file and says in itself which one. Unless `record.copied` is given, it stays
 * known that the record in its place was a copy: exchanging the database does not make it another's.
 */
export function writeRecord(paths: DatabasePaths, record: CreationRecord): void {
  const copied = record.copied ?? readRecord(paths)?.copied ?? false
  const { copied: _, ...said } = record
  const write = (isBornHere: boolean) =>
    writeDurably(paths.record, paths.nextRecord, (birth) => {
      const written = {
        v: VERSION,
        ...said,
        ...(copied ? { copied } : {}),
        ...(isBornHere && birth !== undefined ? { birth } : {}),
      }
      return new TextEncoder().encode(`${JSON.stringify(written)}\n`)
    })
  write(true)
  // Where a birth does not survive the renaming it says nothing: better none than a false alarm.
  if (!copied && readRecord(paths)?.copied === true) write(false)
  synchronizeDirectory(paths.directory)
}
