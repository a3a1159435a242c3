/**
 * A program that opens databases on command.
 *
 * Reads one `OpenOrder` a line, answers one `OpenAnswer` a line.
 *
 * @module
 */
import process from "node:process"
import { createInterface } from "node:readline"
import { answer, openStore } from "./opening.ts"

const [kind = "", folder = ""] = process.argv.slice(2)
const store = await openStore(kind, folder)
process.stdout.write("ready\n")
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(store, JSON.parse(line)))}\n`)
}
process.exit(0)
