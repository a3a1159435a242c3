import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { type Action, Life } from "./campaign.ts"
import { canTrace, killAtEveryCall } from "./every_call.ts"
import { ownRuntime } from "./killed_process.ts"
import { placesIn } from "./places.ts"

/** Every so many calls; with `MDK_EVERY_CALL=1` every single one, which takes minutes. */
const STEP = Number(process.env["MDK_EVERY_CALL"] ?? 17)

const skip = canTrace() ? false : "strace is not installed, or may not trace here"

const EXCHANGES: ReadonlyArray<Action> = ["compact", "rotate", "restore", "encrypt"]

describe("a process that is killed before a call that changes a file", { skip }, () => {
  for (const action of ["create", "backup", ...EXCHANGES] as const) {
    it(`${action}: loses nothing, tears nothing and leaves nothing behind`, {
      timeout: 600_000,
    }, async () => {
      const first = 1 + Number(process.env["MDK_SEED"] ?? 1) % STEP
      const { calls, failures } = await killAtEveryCall(action, ownRuntime(), first, STEP)
      assert.deepEqual(failures, [])
      assert.ok(calls > 20, `${calls} calls: the kills did not reach it`)
    })
  }
})

describe("before another file takes a database's place", { skip }, () => {
  for (const action of EXCHANGES) {
    it(`${action}: the directory is durable, so that no log of the old one can come back`, {
      timeout: 120_000,
    }, async () => {
      const life = new Life()
      try {
        const { database } = placesIn(life.directory)
        const log = join(life.directory, "calls")
        const { args, name, program } = ownRuntime()
        const trace = `strace -f -qq -y -o "${log}" -e trace=unlink,rename,fsync "$0" "$@"`
        const runtime = {
          name,
          program: "sh",
          // Without a record no other step makes the directory durable.
          args: ["-c", `rm -f "${database}.record.json"; exec ${trace}`, program, ...args],
        }
        const ended = await life.run({ action, atStep: true, number: 0, runtime, run: 1 })
        assert.ok(ended.done, ended.complaint)
        const calls = readFileSync(log, "utf8").split("\n")
        const exchange = calls.findIndex((call) =>
          call.includes(`rename("${database}.next", "${database}")`)
        )
        const before = calls.slice(0, exchange)
        const directory = new RegExp(`fsync\\(\\d+<[^>]*/account>`)
        const synchronized = before.findLastIndex((call) => directory.test(call))
        const removed = before.findLastIndex((call) => call.includes("unlink("))
        assert.ok(exchange > 0 && removed > 0, "nothing was exchanged")
        assert.ok(synchronized > removed, before.slice(-6).join("\n"))
      } finally {
        life.remove()
      }
    })
  }
})
