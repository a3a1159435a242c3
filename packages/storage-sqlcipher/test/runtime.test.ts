import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import process from "node:process"
import { test } from "node:test"
import { loadDriver } from "../src/driver/load.ts"
import { detectRuntime, refusalOf } from "../src/driver/runtime.ts"

test("recognizes this runtime", () => {
  const expected = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node"
  const runtime = detectRuntime()
  assert.equal(runtime.name, expected)
  assert.match(runtime.version, /^\d+\.\d+/)
  assert.equal(refusalOf(runtime), undefined)
})

test("Deno and Bun are recognized although both report a Node version", () => {
  const deno = { Deno: { version: { deno: "2.9.6" } } }
  assert.deepEqual(detectRuntime(deno, { node: "20.0.0" }), { name: "deno", version: "2.9.6" })
  assert.deepEqual(detectRuntime({}, { node: "20.0.0", deno: "2.9.6" }), {
    name: "deno",
    version: "2.9.6",
  })
  const bun = { Bun: { version: "1.4.5" } }
  assert.deepEqual(detectRuntime(bun, { node: "20.0.0" }), { name: "bun", version: "1.4.5" })
  assert.deepEqual(detectRuntime({}, { node: "20.0.0", bun: "1.4.5" }), {
    name: "bun",
    version: "1.4.5",
  })
  assert.deepEqual(detectRuntime({}, { node: "20.20.2" }), { name: "node", version: "20.20.2" })
  assert.deepEqual(detectRuntime({}, {}), { name: "unknown", version: "" })
})

test("Node before 22.19 is refused in one clear line", () => {
  for (const version of ["18.20.0", "20.20.2", "22.0.0", "22.18.9", "9.99.0"]) {
    const line = refusalOf({ name: "node", version })
    assert.equal(
      line,
      `encrypted storage needs Node >= 22.19, Deno or Bun; this is Node ${version}`,
    )
  }
  for (const version of ["22.19.0", "22.23.3", "24.0.0", "100.1.2"]) {
    assert.equal(refusalOf({ name: "node", version }), undefined)
  }
  assert.notEqual(refusalOf({ name: "unknown", version: "" }), undefined)
})

test("a refused runtime loads nothing native", async () => {
  const before = nativeModules()
  const runtime = { name: "node", version: "20.20.2" } as const
  const error = await Effect.runPromise(Effect.flip(loadDriver("multiple-ciphers", runtime)))
  assert.equal(error.reason, "unsupported-runtime")
  assert.match(error.message, /Node 22\.19/)
  assert.deepEqual(nativeModules(), before)
})

/** Native modules that the process has mapped, where the system tells. */
function nativeModules(): ReadonlyArray<string> {
  const report: unknown = process.report?.getReport?.()
  const objects = typeof report === "object" && report !== null
    ? Reflect.get(report, "sharedObjects")
    : undefined
  return Array.isArray(objects) ? objects.filter((name) => String(name).endsWith(".node")) : []
}

test("a driver that is not installed is a typed error", async () => {
  const error = await Effect.runPromise(Effect.flip(loadDriver({
    Database: class {
      constructor() {
        throw new Error("never reached")
      }
      prepare = () => assert.fail()
      exec = () => assert.fail()
      pragma = () => assert.fail()
      close = () => assert.fail()
    },
    setLogger: () => {
      throw new Error("cannot be loaded")
    },
  })))
  assert.equal(error.reason, "unsupported-runtime")
})
