import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { importFindings, importsOf } from "../../scripts/checks/import_rules.ts"

const declared = {
  core: ["effect", "ts-mls", "nostr-tools"],
  "storage-memory": ["@mdk/core", "effect"],
  cli: ["@mdk/core"],
}

const problems = (path: string, text: string): ReadonlyArray<string> =>
  importFindings([{ path, text }], declared).map((finding) => finding.problem)

describe("imports of a source", () => {
  it("are found in every form and not in comments", () => {
    const text = [
      '/** import { a } from "in-a-doc-comment" */',
      '// import "in-a-line-comment"',
      'import { b } from "one"',
      'import "two"',
      "export {",
      "  c,",
      '} from "three"',
      'const d = await import("four")',
      'import type { E } from "five"',
      'type F = Pick<Letter, "from" | "to">',
    ].join("\n")
    assert.deepEqual([...importsOf(text)].sort(), ["five", "four", "one", "three", "two"])
  })
})

describe("the one-way rule", () => {
  it("lets a room import what lies above it", () => {
    const text = 'import { x } from "../codec/hex.ts"\nimport * as E from "effect/Effect"'
    assert.deepEqual(problems("packages/core/src/group/engine.ts", text), [])
    assert.deepEqual(problems("packages/core/src/mdk.ts", 'import "./push/mod.ts"'), [])
  })

  const planted: ReadonlyArray<readonly [string, string, string, RegExp]> = [
    ["a lower room", "core/src/codec/hex.ts", 'import "../group/x.ts"', /lies below/],
    ["the shell", "core/src/codec/hex.ts", 'import "../mdk.ts"', /imports the shell/],
    ["an unknown room", "core/src/stuff/x.ts", 'import "../codec/hex.ts"', /not a room/],
    ["a runtime module in core", "core/src/crypto/a.ts", 'import "node:fs"', /imports node:fs/],
    ["an adapter in core", "core/src/mdk.ts", 'import "@mdk/storage-memory"', /may not import/],
    ["another adapter", "storage-memory/src/mod.ts", 'import "@mdk/cli"', /may not import/],
    ["another package by path", "cli/src/a.ts", 'import "../../core/src/mod.ts"', /outside/],
    ["its own name", "core/src/a.ts", 'import "@mdk/core/codec"', /itself by name/],
    ["the effect barrel", "core/src/a.ts", 'import { Effect } from "effect"', /barrel/],
    ["a socket of nostr-tools", "core/src/a.ts", 'import "nostr-tools/pool"', /pure functions/],
    ["what is not declared", "cli/src/a.ts", 'import "left-pad"', /not declared/],
    ["an address", "cli/src/a.ts", 'import "https://example.com/x.ts"', /by URL/],
    ["no extension", "core/src/codec/a.ts", 'import "./b"', /without \.ts/],
  ]
  for (const [what, path, text, expected] of planted) {
    it(`refuses ${what}`, () => {
      const found = problems(`packages/${path}`, text)
      assert.ok(found.some((problem) => expected.test(problem)), JSON.stringify(found))
    })
  }

  it("lets one file, and only one, see ts-mls", () => {
    const file = (name: string) => ({
      path: `packages/core/src/mls/${name}.ts`,
      text: 'import "ts-mls/codec.js"',
    })
    assert.deepEqual(importFindings([file("a")], declared), [])
    assert.equal(importFindings([file("a"), file("b")], declared).length, 2)
  })
})
