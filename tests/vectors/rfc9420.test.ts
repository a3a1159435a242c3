import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { test } from "node:test"
import { conditionalSuite } from "../conditional_suite.ts"
import { families } from "./rfc9420/mod.ts"
import { needsVectors, vectorFolder } from "./vector_files.ts"

/** Entries that suite 1 can run, so that a shortened file cannot pass unnoticed. */
const expected: Readonly<Record<string, number>> = {
  "crypto-basics": 1,
  deserialization: 14,
  "key-schedule": 1,
  "message-protection": 1,
  messages: 300,
  "passive-client-handling-commit": 13,
  "passive-client-random": 1,
  "passive-client-welcome": 8,
  psk_secret: 11,
  "secret-tree": 3,
  "transcript-hashes": 1,
  "tree-math": 10,
  "tree-operations": 5,
  "tree-validation": 14,
  treekem: 11,
  welcome: 1,
}

const set = "mls-rfc9420"

conditionalSuite("RFC 9420 test vectors", needsVectors(set), () => {
  for (const family of families) {
    test(family.name, { timeout: 120_000 }, () => {
      const path = resolve(vectorFolder(set) ?? "", `${family.name}.json`)
      const cases = family.cases(readFileSync(path, "utf8"))
      for (const { run } of cases) run()
      assert.equal(cases.length, expected[family.name])
    })
  }

  test("every family is run", () => {
    assert.deepEqual(families.map((f) => f.name).sort(), Object.keys(expected).sort())
  })
})
