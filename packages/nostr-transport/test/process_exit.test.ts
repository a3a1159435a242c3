/**
 * A process that used the transport ends by itself when the scope is closed.
 *
 * @module
 */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import process from "node:process"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { EmbeddedRelay } from "../src/relay/mod.ts"
import { signed, testKey } from "./relay_client.ts"

const onDeno = "Deno" in globalThis

/** Runs the program on this very runtime; gives its exit code and what it printed. */
function run(url: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const program = fileURLToPath(new URL("exit_program.ts", import.meta.url))
  const runtimeArguments = onDeno ? ["run", "-A", "--no-check", "--node-modules-dir=manual"] : []
  const event = JSON.stringify(signed(testKey(), { kind: 445 }))
  const child = spawn(process.execPath, [...runtimeArguments, program, url, event], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let output = ""
  child.stdout.on("data", (chunk: Uint8Array) => output += new TextDecoder().decode(chunk))
  return new Promise((resolve) => child.on("exit", (code) => resolve({ code, output })))
}

test("a process ends by itself", { timeout: 30_000 }, async () => {
  const relay = await new EmbeddedRelay().start()
  assert.deepEqual(await run(relay.url), { code: 0, output: "1 accepted\nclosed\n" })
  assert.deepEqual(relay.clients, [])
  await relay.stop()
})

test("a process ends by itself though its relay is half-open", {
  timeout: 30_000,
  skip: onDeno ? "Deno's WebSocket cannot be given up before the kernel does" : false,
}, async () => {
  const relay = await new EmbeddedRelay().start()
  relay.observe((seen) => {
    if (seen.verb === "OK") setTimeout(() => relay.clients.forEach((client) => client.freeze()), 0)
  })
  assert.deepEqual(await run(relay.url), { code: 0, output: "1 accepted\nclosed\n" })
  await relay.stop({ reset: true })
})
