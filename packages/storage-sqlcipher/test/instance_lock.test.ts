import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { test } from "node:test"
import { kill, line, startScript } from "./support/child.ts"
import { drivers } from "./support/drivers.ts"
import { given, open, refusedBecause } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

for (const driver of drivers) {
  test(
    `the pen of another process is respected, and falls free when it is killed (${driver.name})`,
    { timeout: 60_000 },
    () =>
      withPlace(async ({ path }) => {
        const child = startScript("writer_process.ts", [path, "5"])
        await line(child, "written")
        assert.equal(await refusedBecause(path, given(), driver), "account-in-use")
        assert.equal(await refusedBecause(path, given(), driver), "account-in-use")
        await kill(child)
        const count = await open(
          path,
          (storage) =>
            Effect.gen(function* () {
              yield* storage.declare([
                {
                  name: "rows",
                  kind: "keyed",
                  columns: { at: "integer" },
                  indexes: { by_at: ["at"] },
                },
              ])
              return yield* storage.count("rows", { index: "key" }, 100)
            }),
          given(),
          driver,
        )
        assert.equal(count, 5)
      }),
  )
}

test(
  "of several processes that start at once exactly one gets the pen",
  { timeout: 120_000 },
  () =>
    withPlace(async ({ path }) => {
      for (let round = 0; round < 3; round++) {
        const children = [0, 1, 2].map(() => startScript("contender_process.ts", [path]))
        const answers = await Promise.all(children.map((child) => answerOf(child)))
        assert.equal(answers.filter((answer) => answer === "opened").length, 1, answers.join())
        assert.equal(
          answers.filter((answer) => answer === "account-in-use").length,
          2,
          answers.join(),
        )
        await Promise.all(children.map(kill))
      }
    }),
)

function answerOf(child: ReturnType<typeof startScript>): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ""
    child.stdout?.setEncoding("utf8")
    child.stdout?.on("data", (chunk: string) => {
      printed += chunk
      if (printed.endsWith("\n")) resolve(printed.trim())
    })
    child.on("exit", () => reject(new Error("a contender ended")))
  })
}
