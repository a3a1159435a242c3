import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { closeSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { withRawKey } from "../src/driver/raw_key.ts"
import { createPrivateFile } from "../src/files/private_file.ts"
import { defaultDriver } from "./support/drivers.ts"
import { withPlace } from "./support/place.ts"

const KEY = new Uint8Array(32).map((_, at) => (at * 41 + 3) & 255)
const HEX = [...KEY].map((byte) => byte.toString(16).padStart(2, "0")).join("")

/** Runs a body and says what copies of the key were asked of `Buffer` meanwhile. */
function copiesDuring(body: () => void): ReadonlyArray<string> {
  const found: Array<string> = []
  const { from } = Buffer
  const { toString } = Buffer.prototype
  const holdsKey = (value: unknown) =>
    typeof value === "string"
      ? value.includes(HEX)
      : value instanceof Uint8Array && toString.call(from(value), "hex").includes(HEX)
  Reflect.set(Buffer, "from", (...given: ReadonlyArray<unknown>) => {
    if (holdsKey(given[0])) found.push("Buffer.from")
    return Reflect.apply(from, Buffer, given)
  })
  Reflect.set(
    Buffer.prototype,
    "toString",
    function (this: Buffer, ...given: ReadonlyArray<unknown>) {
      const text: unknown = Reflect.apply(toString, this, given)
      if (holdsKey(text)) found.push("toString")
      return text
    },
  )
  try {
    body()
  } finally {
    Reflect.set(Buffer, "from", from)
    Reflect.set(Buffer.prototype, "toString", toString)
  }
  return found
}

describe("the text of a raw key", () => {
  it("is the key in hex, and zeros afterwards, also after a failure", () => {
    const seen: Array<Buffer> = []
    const text = withRawKey(KEY, (raw) => {
      seen.push(raw)
      return raw.toString("latin1")
    })
    assert.equal(text, `x'${HEX}'`)
    assert.throws(() =>
      withRawKey(KEY, (raw) => {
        seen.push(raw)
        throw new Error("planted")
      }), /planted/)
    assert.equal(seen.length, 2)
    for (const raw of seen) assert.ok(raw.every((byte) => byte === 0))
  })

  it("goes to the default engine without a string or a second copy", () =>
    withPlace(({ root }) => {
      for (const name of ["opened.db", "encrypted.db"]) {
        const descriptor = createPrivateFile(join(root, name))
        assert.ok(descriptor !== undefined)
        closeSync(descriptor)
      }
      const open = () => {
        const encryption = { kind: "sqlcipher", key: KEY } as const
        defaultDriver.open({ path: join(root, "opened.db"), encryption }).close()
      }
      assert.deepEqual(copiesDuring(open), [])
      const clear = join(root, "encrypted.db")
      const connection = defaultDriver.open({ path: clear, encryption: { kind: "none" } })
      connection.exec("CREATE TABLE t (a)")
      connection.close()
      assert.deepEqual(copiesDuring(() => defaultDriver.encryptInPlace?.(clear, KEY)), [])
    }))
})
