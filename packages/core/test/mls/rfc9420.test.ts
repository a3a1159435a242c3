import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { families, suiteOne } from "./rfc9420_vectors.ts"
import { needsVectors, readVector } from "./vector_files.ts"

describe("RFC 9420 vectors", needsVectors(), () => {
  for (const { name, count, run } of families) {
    it(`${name} (${count})`, () => {
      const entries = suiteOne(readVector<Array<unknown>>("mls-rfc9420", `${name}.json`))
      assert.equal(entries.length, count)
      entries.forEach((entry, i) => {
        try {
          run(entry)
        } catch (error) {
          throw new Error(`entry ${i}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          })
        }
      })
    })
  }
})
