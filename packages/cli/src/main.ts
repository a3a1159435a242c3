/**
 * Entry of the program `mdk`: refuses runtimes that are too old, then runs the command line.
 *
 * @module
 */
import process from "node:process"
import { refusal } from "./runtime_support.ts"

const refused = refusal(process.versions)
if (refused !== undefined) {
  process.stderr.write(`${refused}\n`)
  process.exitCode = 78
} else {
  // `mdk history | head` is no fault of anybody's.
  process.stdout.on(
    "error",
    (error) => process.exit("code" in error && error.code === "EPIPE" ? 0 : 74),
  )
  const { main } = await import("./program.ts")
  process.exitCode = await main(process.argv.slice(2))
}
