import assert from "node:assert/strict"
import process from "node:process"
import { test } from "node:test"
import { runCampaign } from "./campaign.ts"
import { ownRuntime } from "./killed_process.ts"

test("killed processes lose nothing, tear nothing and leave nothing behind", {
  timeout: 600_000,
}, async () => {
  const seed = Number(process.env["MDK_SEED"] ?? 1)
  const result = await runCampaign({ kills: 16, seed, runtimes: [ownRuntime()] })
  assert.deepEqual(result.failures, [], `MDK_SEED=${seed}`)
  assert.equal(result.kills, 16)
})
