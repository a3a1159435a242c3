import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { test } from "node:test"
import { conditionalSuite } from "../conditional_suite.ts"
import { playWalk } from "./openmls_walk.ts"
import { needsVectors, vectorFiles } from "./vector_files.ts"

const set = "openmls-walks"

conditionalSuite("recorded OpenMLS walks", needsVectors(set), () => {
  for (const path of vectorFiles(set)) {
    test(basename(path), { timeout: 120_000 }, () => {
      const { passed, reason } = playWalk(readFileSync(path, "utf8"))
      assert.equal(reason, undefined)
      assert.ok(passed > 0)
    })
  }

  test("a file of another schema fails", () => {
    assert.match(playWalk(`{"format":"openmls-walk/2"}`).reason ?? "", /unknown schema/)
    assert.equal(playWalk("{").failed, 1)
  })

  test("a record that was changed fails", () => {
    const [path] = vectorFiles(set)
    assert.ok(path)
    const content = readFileSync(path, "utf8")
    const walk = JSON.parse(content)
    walk.steps.at(-1).state.tree_hash = "00".repeat(32)
    assert.match(playWalk(JSON.stringify(walk)).reason ?? "", /end of step/)
  })
})
