/**
 * Passphrases from a callback, a file descriptor and a command.
 *
 * @module
 */
import { Passphrase } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { openSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { fileURLToPath } from "node:url"
import { holdPassphrase } from "../src/passphrase/held_passphrase.ts"
import { reasonOf } from "./support/outcome.ts"
import { temporaryFolder } from "./support/temporary_folder.ts"

const folder = temporaryFolder()
const textOf = async (source: Passphrase.PassphraseSource) =>
  new TextDecoder().decode(Redacted.value(await Effect.runPromise(source("existing"))))
const printing = (program: string) =>
  Passphrase.fromCommand([process.execPath, ...evaluate(program)])
/** How each runtime runs a line of program. */
const evaluate = (program: string): ReadonlyArray<string> =>
  "Deno" in globalThis ? ["eval", `import process from "node:process";${program}`] : ["-e", program]
let files = 0
const descriptorOf = (content: string | Uint8Array) => {
  const path = join(folder, String(files++))
  writeFileSync(path, content)
  return openSync(path, "r")
}

describe("passphrase sources", () => {
  it("a callback gives text, normalized, or bytes, as they are", async () => {
    const asked: Array<string> = []
    const source = Passphrase.fromCallback((purpose) => {
      asked.push(purpose)
      return Promise.resolve("e\u0301")
    })
    assert.equal(await textOf(source), "é")
    assert.deepEqual(asked, ["existing"])
    const bytes = Uint8Array.of(0, 255, 10)
    const raw = Passphrase.fromCallback(() => Promise.resolve(bytes))
    const given = Redacted.value(await Effect.runPromise(raw("new")))
    assert.deepEqual(given, bytes)
    assert.notEqual(given, bytes)
  })

  it("declining is locked, emptiness and excess are refused", async () => {
    const callback = (answer: string | undefined) =>
      reasonOf(Passphrase.fromCallback(() => Promise.resolve(answer))("existing"))
    assert.equal(await callback(undefined), "locked")
    assert.equal(await callback(""), "wrong-passphrase")
    assert.equal(await callback("x".repeat(4096)), "succeeded")
    assert.equal(await callback("x".repeat(4097)), "wrong-passphrase")
    const rejected = Passphrase.fromCallback(() => Promise.reject(new Error("canary")))
    assert.equal(await reasonOf(rejected("existing")), "locked")
    const throwing = Passphrase.fromCallback(() => {
      throw new Error("canary")
    })
    assert.equal(await reasonOf(throwing("existing")), "locked")
  })

  it("a descriptor gives its first line, once", async () => {
    const source = Passphrase.fromDescriptor(descriptorOf("correct horse\nsecond line"))
    assert.equal(await textOf(source), "correct horse")
    assert.equal(await reasonOf(source("existing")), "unavailable")
    assert.equal(await textOf(Passphrase.fromDescriptor(descriptorOf("ends\r\n"))), "ends")
    const long = "x".repeat(4096)
    assert.equal(await textOf(Passphrase.fromDescriptor(descriptorOf(long))), long)
    const reason = (content: string) =>
      reasonOf(Passphrase.fromDescriptor(descriptorOf(content))("existing"))
    assert.equal(await reason("\nlate"), "wrong-passphrase")
    assert.equal(await reason(""), "wrong-passphrase")
    assert.equal(await reason("x".repeat(4097)), "wrong-passphrase")
    assert.equal(await reason("x".repeat(100_000)), "wrong-passphrase")
    assert.equal(await reasonOf(Passphrase.fromDescriptor(-1)("existing")), "unavailable")
    assert.equal(await reasonOf(Passphrase.fromDescriptor(999_983)("existing")), "unavailable")
  })

  it("a descriptor that was inherited is read, on every runtime", () => {
    const program = fileURLToPath(new URL("./support/print_inherited.ts", import.meta.url))
    const before = "Deno" in globalThis
      ? ["run", "-A", "--no-check", "--node-modules-dir=manual"]
      : []
    const { stdout } = spawnSync(process.execPath, [...before, program], {
      stdio: ["ignore", "pipe", "inherit", descriptorOf("from the parent\n")],
      encoding: "utf8",
    })
    assert.equal(stdout, "from the parent")
  })

  it("a command gives the first line of its output", async () => {
    assert.equal(
      await textOf(printing("process.stdout.write('correct horse\\nmore')")),
      "correct horse",
    )
    assert.equal(await reasonOf(printing("process.exit(3)")("existing")), "unavailable")
    assert.equal(await reasonOf(printing("process.exit(0)")("existing")), "wrong-passphrase")
    const absent = Passphrase.fromCommand([join(folder, "no-such-program")])
    assert.equal(await reasonOf(absent("existing")), "unavailable")
  })

  it("a command that does not end is killed when it is given up", async () => {
    const source = printing("setInterval(() => {}, 1000)")
    const given = Effect.timeoutOption(source("existing"), "200 millis")
    assert.equal((await Effect.runPromise(given))._tag, "None")
  })

  it("is asked for once by many, and zeroed at the end", async () => {
    let asked = 0
    let held: Uint8Array | undefined
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const passphrase = yield* holdPassphrase((purpose) =>
        Effect.tap(
          Passphrase.fromCallback(() => Promise.resolve(`${purpose}${asked++}`))(purpose),
          (bytes) =>
            Effect.sync(() => {
              held = Redacted.value(bytes)
            }),
        )
      )
      const copies = yield* Effect.all(
        Array.from(
          { length: 5 },
          () => passphrase.use("new", (bytes) => Effect.succeed(Redacted.value(bytes))),
        ),
        { concurrency: "unbounded" },
      )
      assert.equal(asked, 1)
      for (const copy of copies) assert.equal(copy.every((byte) => byte === 0), true)
      assert.equal(held?.some((byte) => byte !== 0), true)
    })))
    assert.equal(held?.every((byte) => byte === 0), true)
  })
})
