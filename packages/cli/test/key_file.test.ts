import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import { keyFromFile } from "../src/key_session.ts"

const KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1)
const HEX = [...KEY].map((byte) => byte.toString(16).padStart(2, "0")).join("")

/** Reads a key file; answers the key, and the same bytes after the scope ended. */
async function read(text: string): Promise<{ readonly key: string; readonly left: Uint8Array }> {
  const directory = mkdtempSync(join(tmpdir(), "mdk-key-file-"))
  try {
    writeFileSync(join(directory, "key"), text)
    return await Effect.runPromise(Effect.scoped(Effect.map(
      keyFromFile(join(directory, "key")),
      (key) => {
        const left = Redacted.value(key)
        return { key: [...left].join(), left }
      },
    )))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe("a key out of a file", () => {
  it("may be hex in either case, and is zeroed when the scope ends", async () => {
    for (const text of [HEX, `${HEX.toUpperCase()}\n`]) {
      const { key, left } = await read(text)
      assert.equal(key, KEY.join())
      assert.ok(left.every((byte) => byte === 0))
    }
  })

  it("leaves no decoded copy behind", async () => {
    const { from } = Buffer
    const copies: Array<Uint8Array> = []
    Reflect.set(Buffer, "from", (...given: ReadonlyArray<unknown>) => {
      const made: Buffer = Reflect.apply(from, Buffer, given)
      if (made.equals(KEY)) copies.push(made)
      return made
    })
    try {
      await read(HEX)
    } finally {
      Reflect.set(Buffer, "from", from)
    }
    assert.equal(copies.filter((copy) => copy.some((byte) => byte !== 0)).length, 0)
  })
})
