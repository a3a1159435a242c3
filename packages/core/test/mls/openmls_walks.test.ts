import { readdirSync } from "node:fs"
import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { playWalk, type Walk } from "./openmls_walk.ts"
import { needsVectors, readVector, vectorPath, vectorsPresent } from "./vector_files.ts"

describe("recorded OpenMLS walks", needsVectors(), () => {
  const files = vectorsPresent()
    ? readdirSync(vectorPath("openmls-walks")).filter((f) => f.endsWith(".json")).sort()
    : []
  for (const file of files) {
    it(file, () => {
      const counts = playWalk(readVector<Walk>("openmls-walks", file))
      assert.ok(counts.commits > 0 && counts.applications > 0 && counts.refusals > 0)
    })
  }
})
