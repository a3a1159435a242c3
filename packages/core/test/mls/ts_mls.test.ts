import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import * as tsMls from "../../src/mls/ts_mls.ts"

describe("what is used of ts-mls", () => {
  it("has these functions, with this many arguments", () => {
    const functions = Object.entries(tsMls).map(([name, f]) => [name, f.length])
    assert.deepEqual(Object.fromEntries(functions), {
      copath: 2,
      directPath: 2,
      left: 1,
      leafToNodeIndex: 1,
      nodeWidth: 1,
      parent: 2,
      right: 1,
      root: 1,
      toLeafIndex: 1,
      toNodeIndex: 1,
    })
  })

  it("answers on plain numbers, synchronously", () => {
    const node: number = tsMls.leafToNodeIndex(tsMls.toLeafIndex(3))
    assert.equal(node, 6)
    const path: ReadonlyArray<number> = tsMls.directPath(tsMls.toNodeIndex(6), 4)
    assert.deepEqual(path, [5, 3])
    assert.deepEqual(tsMls.copath(tsMls.toNodeIndex(6), 4), [4, 1])
    assert.deepEqual([tsMls.left(tsMls.toNodeIndex(3)), tsMls.right(tsMls.toNodeIndex(3))], [1, 5])
    assert.deepEqual([tsMls.root(4), tsMls.nodeWidth(4), tsMls.parent(tsMls.toNodeIndex(5), 4)], [
      3,
      7,
      3,
    ])
  })

  it("is exactly the version that was examined", () => {
    const entry = createRequire(import.meta.url).resolve("ts-mls/treemath.js")
    const text = readFileSync(
      entry.slice(0, entry.lastIndexOf("ts-mls") + "ts-mls".length) + "/package.json",
      "utf8",
    )
    assert.equal((JSON.parse(text) as { version: string }).version, "1.6.4")
    const own = readFileSync(
      fileURLToPath(new URL("../../package.json", import.meta.url)),
      "utf8",
    )
    const { dependencies } = JSON.parse(own) as { dependencies: Record<string, string> }
    assert.equal(dependencies["ts-mls"], "1.6.4")
  })
})
