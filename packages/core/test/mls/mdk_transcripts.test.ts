import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { defaultCryptoProvider } from "../../src/crypto/default_provider.ts"
import * as mls from "../../src/mls/mod.ts"
import { decodeHex, encodeHex } from "../../src/codec/hex.ts"
import type { Transcript } from "../../../../tests/vectors/transcript_schema.ts"
import { parseTranscript } from "../../../../tests/vectors/transcript_shape.ts"
import { needsVectors, vectorFolder } from "../../../../tests/vectors/vector_files.ts"
import { playTranscript } from "./mdk_transcript.ts"

const set = "mdk-head"
const read = (name: string): Transcript =>
  parseTranscript(readFileSync(join(vectorFolder(set) ?? "", `${name}.json`), "utf8"))

describe("recorded MDK conversations, MLS layer", needsVectors(set), () => {
  for (const name of ["main", "remove", "two-admins", "governance"]) {
    it(name, () => {
      const counts = playTranscript(read(name))
      assert.ok(counts.joins > 0 && counts.commits > 0)
    })
  }
})

describe("rival commits of a recorded MDK conversation", needsVectors(set), () => {
  it("give both candidate states side by side", () => {
    const crypto = defaultCryptoProvider()
    const t = read("convergence-rename")
    const account = t.accounts.find((a) => t.observers.includes(a.name))
    assert.ok(account)
    const [k] = account.key_packages
    assert.ok(k)
    const own = mls.importKeyPackage({
      crypto,
      keyPackage: decodeHex(k.mls_message).subarray(4),
      initKey: decodeHex(k.init_key.private),
      leafKey: decodeHex(k.leaf_encryption_key.private),
      signatureSeed: decodeHex(account.mls_signature_key.private),
    })
    const published = t.steps.flatMap((s) => s.publishes)
    const known = new Set(Object.values(t.states).map((s) => s.epoch_authenticator))
    let states: Array<mls.MlsGroup> = []
    let forks = 0
    for (const p of published) {
      const message = decodeHex(p.mls_message)
      if (p.mls_kind === "welcome") {
        if (states.length === 0) {
          states = [mls.join({ crypto, welcome: message, keyPackages: [own] }).group]
        }
        continue
      }
      if (p.mls_kind !== "public commit") continue
      // Every state of that epoch is asked whether the commit was made on it.
      const parents = states.filter((g) => mls.hasMembershipTag(g, message))
      assert.equal(parents.length, 1)
      const result = mls.processMessage(parents[0] as mls.MlsGroup, message)
      assert.ok(result.kind === "commit" && result.next)
      const { next } = result
      if (states.some((g) => g.epoch === next.epoch)) forks++
      states.push(next)
    }
    assert.ok(forks > 0)
    const computed = new Set(states.map((g) => encodeHex(g.epochAuthenticator)))
    for (const authenticator of known) assert.ok(computed.has(authenticator))
    assert.equal(new Set(states.map((g) => g.stateId)).size, states.length)
  })
})
