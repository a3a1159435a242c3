import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { needsVectors, vectorFolder } from "../../../../tests/vectors/vector_files.ts"
import {
  type DriverChoice,
  type Inspected,
  inspectForeignDatabase,
  type SqlcipherModule,
} from "../../src/mod.ts"
import { genuineDriver } from "../support/drivers.ts"

interface VectorFile {
  readonly name: string
  readonly sha256: string
  readonly base64: string
}

interface Case {
  readonly case: string
  readonly key: string
  readonly files: ReadonlyArray<VectorFile>
  readonly content?: { readonly row_counts: Readonly<Record<string, number>> }
  readonly row_counts_after_mdk_opened_it?: Readonly<Record<string, number>>
}

const folder = vectorFolder("mdk-0.8")
const cases: ReadonlyArray<Case> = folder === undefined
  ? []
  : JSON.parse(readFileSync(resolve(folder, "database.json"), "utf8")).cases
const keyOf = (one: Case) => Redacted.make(new Uint8Array(Buffer.from(one.key, "hex")))

const stateOf = (directory: string) =>
  readdirSync(directory).sort().map((name) => {
    const path = join(directory, name)
    const { ino, mode, mtimeMs, size } = lstatSync(path)
    const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex")
    return { name, ino, mode, mtimeMs, size, sha256 }
  })

/** Inspects a case and sees to it that its files are the same afterwards, and no others are there. */
async function inspected(one: Case, driver?: DriverChoice) {
  const directory = mkdtempSync(join(tmpdir(), "mdk-rust-"))
  try {
    for (const { base64, name } of one.files) {
      writeFileSync(join(directory, name), Buffer.from(base64, "base64"), { mode: 0o444 })
    }
    // Not even a program that wanted to could write there, unless it is root's.
    chmodSync(directory, 0o555)
    const before = stateOf(directory)
    assert.deepEqual(
      before.map(({ sha256 }) => sha256).sort(),
      one.files.map((f) => f.sha256).sort(),
    )
    const result = await Effect.runPromise(Effect.result(inspectForeignDatabase({
      path: join(directory, one.files[0]?.name ?? ""),
      key: keyOf(one),
      ...(driver === undefined ? {} : { driver }),
    })))
    assert.deepEqual(stateOf(directory), before)
    return result
  } finally {
    chmodSync(directory, 0o755)
    rmSync(directory, { recursive: true })
  }
}

const countsOf = ({ tables }: Inspected) =>
  Object.fromEntries(
    tables.filter(({ kind }) => kind === "table").map(({ name, rows }) => [name, rows]),
  )

const genuine = (): SqlcipherModule =>
  createRequire(import.meta.url)(process.env["MDK_SQLCIPHER_MODULE"] ?? "@signalapp/sqlcipher")

describe("databases of the Rust MDK 0.8", needsVectors("mdk-0.8"), () => {
  for (const one of cases.filter((found) => found.content !== undefined)) {
    it(`are inspected with their key, and left as they are: ${one.case}`, async () => {
      const result = await inspected(one)
      assert.ok(result._tag === "Success")
      assert.equal(result.success.format, "mdk-rust-0.8")
      assert.equal(result.success.encrypted, true)
      assert.deepEqual(countsOf(result.success), one.content?.row_counts)
      assert.equal(result.success.settings["page_size"], 4096)
    })
  }

  const hot = cases.find((one) => one.case === "hot_journal")

  it("with a hot journal are refused by the default driver, and left as they are", async () => {
    assert.ok(hot !== undefined)
    const result = await inspected(hot)
    assert.ok(result._tag === "Failure")
    assert.equal(result.failure.reason, "foreign-journal")
  })

  it(
    "with a hot journal are recovered on a copy by genuine SQLCipher",
    typeof genuineDriver === "string" ? { skip: genuineDriver } : {},
    async () => {
      assert.ok(hot !== undefined)
      const result = await inspected(hot, genuine())
      assert.ok(result._tag === "Success")
      assert.deepEqual(countsOf(result.success), hot.row_counts_after_mdk_opened_it)
      for (const one of cases.filter((found) => found.content !== undefined)) {
        const same = await inspected(one, genuine())
        assert.ok(same._tag === "Success")
        assert.deepEqual(countsOf(same.success), one.content?.row_counts)
      }
    },
  )

  it("are not opened with another key, nor without one", async () => {
    const [one] = cases
    assert.ok(one !== undefined)
    const result = await inspected({ ...one, key: "00".repeat(32) })
    assert.ok(result._tag === "Failure")
    assert.equal(result.failure.reason, "wrong-key-or-damaged")
  })
})
