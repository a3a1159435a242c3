/**
 * A third-party relay (nostr-relay-builder, the one that the Rust SDK tests with) as a process.
 *
 * Building it takes minutes, so that is not done here:
 * `CARGO_TARGET_DIR=target/relay-peer cargo build --release --manifest-path tests/interop/relay/peer/Cargo.toml`
 *
 * @module
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const built = fileURLToPath(
  new URL("../../../target/relay-peer/release/relay-peer", import.meta.url),
)

/** The program; `RELAY_PEER` names one that lies elsewhere. */
const program = process.env["RELAY_PEER"] ?? built

/** Options for tests that need the peer. */
export const withPeer: { readonly timeout: number; readonly skip: string | false } = {
  timeout: 30_000,
  skip: existsSync(program) ? false : "the third-party relay is not built (see relay_peer.ts)",
}

/** A running relay. */
export interface RelayPeer {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Starts it with its flags: `--auth`, `--guard`. */
export async function startPeer(...flags: ReadonlyArray<string>): Promise<RelayPeer> {
  const child = spawn(program, flags, { stdio: ["pipe", "pipe", "inherit"] })
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve)
    child.on("error", reject)
    child.on("exit", () => reject(new Error("the relay ended")))
  })
  return {
    url,
    stop: () => {
      child.stdin.end()
      return ended
    },
  }
}
