/**
 * Twelve processes of three runtimes open one database that does not exist yet, all at once: there is
 * one key, and all of them use it. A creator is killed at each of its steps: the next ones finish.
 *
 * The keys are in wrapped files, and in the platform's store where `MDK_SECRET_SERVICE=race` says that
 * there is one to be used. `MDK_RACE_ROUNDS` sets the number of rounds.
 *
 * @module
 */
import type { ExistingKeyPolicy } from "@mdk/storage-sqlcipher"
import assert from "node:assert/strict"
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { after, describe, it } from "node:test"
import { Worker } from "node:worker_threads"
import type { KillStep, OpenAnswer, OpenOrder } from "./key_race/opening.ts"
import { type Opener, startOpener } from "./key_race/openers.ts"
import { runtimePrograms } from "./key_race/runtime_programs.ts"

const PROCESSES = 12
/** So many come after a creator that was killed: one of each runtime. */
const RECOVERING = 3
/** For one test; nobody measures by it. */
const LIMIT = { timeout: 15 * 60_000 }
const STEPS: ReadonlyArray<KillStep> = [
  "before-get",
  "after-get",
  "before-create",
  "after-create",
  "opened",
  "row-written",
]

const inCi = process.env["CI"] === "true"
/** The suite fetches runtimes one after the other; by Bun's turn all three are there. */
const allAreThere = process.env["MDK_RUNTIME"] === "bun"
const rounds = Number(process.env["MDK_RACE_ROUNDS"] ?? (inCi && allAreThere ? 20 : 1))

/** Once per run of the suite in full, for the other runtimes the default policy. */
const isThorough = allAreThere || process.env["MDK_RACE_ROUNDS"] !== undefined
const POLICIES: ReadonlyArray<ExistingKeyPolicy> = isThorough
  ? ["error", "reuse", "rotate"]
  : ["error"]

/** Races of one set of processes over the native store. */
const RACES_A_LIFE = 5

const programs = runtimePrograms()
const stores = process.env["MDK_SECRET_SERVICE"] === "race" ? ["native"] : ["wrapped-file"]

for (const store of stores) {
  describe(`key creation race, keys in ${store}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "mdk-race-"))
    const keys = join(folder, "keys")
    let databases = 0
    let starting: Promise<ReadonlyArray<Opener>> | undefined

    // Not in a hook: Bun gives hooks five seconds, however long starting takes on a busy machine.
    const openers = (): Promise<ReadonlyArray<Opener>> =>
      starting ??= Promise.all(
        Array.from({ length: PROCESSES }, (_, i) => {
          const program = programs[i % programs.length]
          assert.ok(program !== undefined)
          return startOpener(program, store, keys)
        }),
      )
    after(async () => {
      for (const opener of await starting ?? []) opener.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 9 })
    })

    const freshOrder = (policy: ExistingKeyPolicy): OpenOrder => {
      const id = `race.${process.pid}.${databases++}`
      return {
        path: join(folder, id, "chat.db"),
        serviceId: "org.example.race",
        keyId: id,
        policy,
        row: "none",
      }
    }
    let races = 0
    /**
     * The native library keeps a connection to the message bus for every entry until its garbage is
     * collected, and a bus has 256 of them for a user: the processes are started anew in time.
     */
    const renewOpeners = async (): Promise<void> => {
      if (store !== "native" || ++races % RACES_A_LIFE !== 0) return
      for (const opener of await openers()) opener.kill()
      starting = undefined
    }
    const race = async (
      order: OpenOrder,
      racers = PROCESSES,
    ): Promise<ReadonlyArray<OpenAnswer | "killed">> => {
      await renewOpeners()
      return await Promise.all(
        (await openers()).slice(0, racers)
          .map((opener, i) => opener.open({ ...order, row: `opener-${i}` })),
      )
    }

    /** All got in, with one key, and each one's row is there. */
    const assertOneKey = async (
      order: OpenOrder,
      answers: ReadonlyArray<OpenAnswer | "killed">,
      rowsBefore: number,
    ): Promise<string> => {
      const digests = new Set(answers.map((answer) =>
        JSON.stringify(
          answer !== "killed" && "key" in answer ? answer.key : answer,
        )
      ))
      assert.equal(digests.size, 1, [...digests].join())
      const last = await (await openers())[0]?.open({ ...order, row: "opener-0" })
      assert.ok(last !== undefined && last !== "killed" && "key" in last)
      assert.equal(last.rows, answers.length + rowsBefore)
      assert.deepEqual([...digests], [JSON.stringify(last.key)])
      if (store === "wrapped-file") assertNoLeftOvers()
      return last.key
    }
    const assertNoLeftOvers = () =>
      assert.deepEqual(readdirSync(keys).filter((file) => !/\.mdkkey$/.test(file)), [])

    it(
      `${PROCESSES} processes of ${programs.map(({ name }) => name).join(", ")}`,
      LIMIT,
      async () => {
        assert.equal((await openers()).length, PROCESSES)
        assert.ok(programs.length === 3 || !(inCi && allAreThere), "a runtime was not found")
      },
    )

    for (const policy of POLICIES) {
      const times = policy === "error" ? rounds : Math.ceil(rounds / 4)
      it(`one key in each of ${times} rounds, policy ${policy}`, LIMIT, async () => {
        const seen = new Set<string>()
        for (let round = 0; round < times; round++) {
          const order = freshOrder(policy)
          seen.add(await assertOneKey(order, await race(order), 0))
        }
        assert.equal(seen.size, times)
      })
    }

    it("one key for eight threads of one process", LIMIT, async () => {
      const order = freshOrder("error")
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          new Promise<OpenAnswer>((resolve, reject) => {
            const thread = new Worker(new URL("./key_race/opener_thread.ts", import.meta.url), {
              workerData: { store, folder: keys, order: { ...order, row: `thread-${i}` } },
            })
            thread.once("message", resolve)
            thread.once("error", reject)
          })),
      )
      const digests = answers.map((answer) => "key" in answer ? answer.key : answer.reason)
      assert.equal(new Set(digests).size, 1, digests.join())
      const last = await (await openers())[0]?.open({ ...order, row: "thread-0" })
      assert.deepEqual(last, { key: digests[0], rows: 8 })
    })

    for (const step of STEPS) {
      for (const policy of POLICIES) {
        it(
          `a creator that is killed at ${step} is recovered from, policy ${policy}`,
          LIMIT,
          async () => {
            const order = freshOrder(policy)
            const [program] = programs
            assert.ok(program !== undefined)
            const creator = await startOpener(program, store, keys)
            assert.equal(await creator.open({ ...order, row: "creator", kill: step }), "killed")
            const hasRow = step === "row-written"
            // Whether the record and the empty file are there is what each step is about.
            const isMade = !["before-get", "after-get"].includes(step)
            assert.equal(existsSync(order.path), isMade)
            if (step === "before-create" || step === "after-create") {
              assert.equal(statSync(order.path).size, 0)
            }
            await assertOneKey(order, await race(order, RECOVERING), hasRow ? 1 : 0)
          },
        )
      }
    }

    it(
      "a record without its file, and a file without its record, are recovered from",
      LIMIT,
      async () => {
        for (const lost of ["", ".record.json"]) {
          const order = freshOrder("error")
          const [program] = programs
          assert.ok(program !== undefined)
          const creator = await startOpener(program, store, keys)
          await creator.open({ ...order, row: "creator", kill: "before-create" })
          rmSync(order.path + lost)
          await assertOneKey(order, await race(order), 0)
        }
      },
    )

    it("creators that are killed at random moments while others race", LIMIT, async () => {
      for (let round = 0; round < rounds; round++) {
        const order = freshOrder("error")
        const victims = await Promise.all(
          programs.map((program) => startOpener(program, store, keys)),
        )
        const killed = victims.map(async (victim, i) => {
          const answer = victim.open({ ...order, row: `victim-${i}` })
          setTimeout(() => victim.kill(), Math.random() * 120)
          return await answer
        })
        const answers = await race(order)
        const survivors = (await Promise.all(killed)).filter((answer) => answer !== "killed")
        const digests = new Set(
          [...answers, ...survivors].map((answer) =>
            JSON.stringify(typeof answer === "object" && "key" in answer ? answer.key : answer)
          ),
        )
        assert.equal(digests.size, 1, [...digests].join())
      }
    })
  })
}
