/**
 * A process that is in the middle of checking a database until its standard input ends.
 *
 * Arguments: the database, its key in hex. It says `in` when it is there, `sound` at its end.
 *
 * @module
 */
import { verifyDatabase } from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Buffer } from "node:buffer"
import { readSync, writeSync } from "node:fs"
import process from "node:process"

const [path = "", hex = ""] = process.argv.slice(2)
let isIn = false

/** Waits in the very middle, as nothing asynchronous could. */
function stay(): void {
  if (isIn) return
  isIn = true
  writeSync(1, "in\n")
  while (isInputOpen()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
}

/** Nothing ever comes; where reading does not block, that is told by an error of its own. */
function isInputOpen(): boolean {
  try {
    return readSync(0, new Uint8Array(1)) > 0
  } catch (error) {
    return error instanceof Error && Reflect.get(error, "code") === "EAGAIN"
  }
}

const { sound } = await Effect.runPromise(
  verifyDatabase({
    path,
    key: Redacted.make(new Uint8Array(Buffer.from(hex, "hex"))),
    onProgress: stay,
  }),
)
if (sound) writeSync(1, "sound\n")
