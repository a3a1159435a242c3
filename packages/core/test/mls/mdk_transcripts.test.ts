import { describe, it } from "node:test"
import assert from "node:assert/strict"
import { playTranscript, type Transcript } from "./mdk_transcript.ts"
import { needsVectors, readVector } from "./vector_files.ts"

describe("recorded MDK conversations, MLS layer", needsVectors(), () => {
  for (const name of ["main", "remove", "two-admins", "governance"]) {
    it(name, () => {
      const counts = playTranscript(readVector<Transcript>("mdk-head", `${name}.json`))
      assert.ok(counts.joins > 0 && counts.commits > 0)
    })
  }
})
