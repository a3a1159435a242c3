import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { describe, test } from "node:test"
import type { NostrEvent } from "@mdk/core/services"
import {
  type CommitVectors,
  type FedCase,
  feed,
  joined,
  judgeCommit,
  judgeProposal,
} from "./mdk_verdicts.ts"
import type { RecordedAccount } from "./transcript_schema.ts"
import { needsVectors, vectorFolder } from "./vector_files.ts"

const set = "mdk-head"
const read = <A>(name: string): A => {
  const folder = vectorFolder(set)
  return folder === undefined
    ? JSON.parse(`{"commits":[],"proposals":[],"payloads":{"cases":[]},"kind_445":{"cases":[]}}`)
    : JSON.parse(readFileSync(resolve(folder, `${name}.json`), "utf8"))
}

// The text says invalid, MDK applies it.
const STRICTER = new Set(["admin: remove 0x8005 which has no state"])

describe("commits made by hand", needsVectors(set), () => {
  const vectors = read<CommitVectors>("commits")
  for (const one of vectors.commits) {
    test(`${one.name}: ${one.applied ? "applied" : "refused"}`, async () => {
      const { applied, authenticator, context } = await judgeCommit(one)
      if (STRICTER.has(one.name)) return assert.equal(applied, false)
      assert.equal(applied, one.applied)
      if (one.removed || authenticator === undefined) return
      assert.equal(authenticator, one.epoch_authenticator)
      assert.equal(context, one.group_context)
    })
  }
  for (const one of vectors.proposals) {
    test(`standalone ${one.name}: ${one.outcome}`, async () => {
      assert.equal(await judgeProposal(one), one.outcome === "processed")
    })
  }
  test("payloads are delivered or dropped, in one conversation", async () => {
    const { setup, cases } = vectors.payloads
    const observer = await joined(setup.observer, setup.welcome)
    for (const one of cases) {
      assert.equal(await feed(observer, one.event), one.delivered, one.name)
    }
  })
})

interface Rejections {
  readonly kind_445: {
    readonly setup: { readonly observer: RecordedAccount; readonly welcome: NostrEvent }
    readonly cases: ReadonlyArray<FedCase>
  }
  readonly kind_1059: {
    readonly cases: ReadonlyArray<FedCase & { readonly observer: RecordedAccount }>
  }
}

// A stranger's seal around somebody else's Welcome: the text wants the author among the leaves.
const STRICTER_WELCOMES = new Set(["sealed by a stranger"])

describe("events that were tampered with", needsVectors(set), () => {
  const vectors = read<Rejections>("rejections")
  test("kind 445, in one conversation", async () => {
    const { setup, cases } = vectors.kind_445
    const observer = await joined(setup.observer, setup.welcome)
    for (const one of cases) {
      assert.equal(await feed(observer, one.event), one.verdict?.delivered, one.name)
    }
  })
  for (const one of vectors.kind_1059?.cases ?? []) {
    test(`kind 1059 ${one.name}`, async () => {
      const attempt = joined(one.observer, one.event).then(
        (observer) => observer.group !== undefined,
        () => false,
      )
      const expected = one.verdict?.joined === true && !STRICTER_WELCOMES.has(one.name)
      assert.equal(await attempt, expected)
    })
  }
})
