/**
 * The ping bot of `examples/` in a process of its own, to be killed. The account comes on standard
 * input as one line of JSON.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import process from "node:process"
import { createInterface } from "node:readline"
import { pingBot } from "../../examples/ping_bot.ts"
import { productionAccount } from "./production_account.ts"

const lines = createInterface({ input: process.stdin })
const [line] = await new Promise<[string]>((resolve) =>
  lines.once("line", (text) => resolve([text]))
)
lines.close()
const account = productionAccount(JSON.parse(line), { invites: "all" })
process.stdout.write("started\n")
await Effect.runPromise(Effect.provide(pingBot, account))
