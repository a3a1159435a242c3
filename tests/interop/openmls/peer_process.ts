/**
 * The OpenMLS peer as a process: built by cargo, driven by one JSON line a request.
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const manifest = fileURLToPath(new URL("./peer/Cargo.toml", import.meta.url))
const targetFolder = fileURLToPath(new URL("../../../target/openmls-peer", import.meta.url))

/** A peer that can be started, or why there is none. */
export type PeerProgram =
  | { readonly path: string; readonly reason?: never }
  | { readonly path?: never; readonly reason: string }

let program: PeerProgram | undefined

/**
 * Builds the peer when that is needed. `OPENMLS_PEER` names a program that was built before. With
 * `CI=true` a missing peer is an error.
 */
export function peerProgram(): PeerProgram {
  program ??= build()
  if (program.reason !== undefined && process.env["CI"] === "true") throw new Error(program.reason)
  return program
}

/** Option for a suite that needs the peer. */
export function needsPeer(): { readonly skip?: string } {
  const { reason } = peerProgram()
  return reason === undefined ? {} : { skip: reason }
}

function build(): PeerProgram {
  const given = process.env["OPENMLS_PEER"]
  if (given !== undefined) {
    return existsSync(given) ? { path: given } : { reason: "OPENMLS_PEER names no file" }
  }
  const built = spawnSync("cargo", ["build", "--release", "--quiet", "--manifest-path", manifest], {
    env: { ...process.env, CARGO_TARGET_DIR: targetFolder },
    encoding: "utf8",
  })
  if (built.error !== undefined) return { reason: "the OpenMLS peer needs cargo, which is absent" }
  if (built.status !== 0) {
    return { reason: `cargo cannot build the OpenMLS peer: ${built.stderr.split("\n")[0]}` }
  }
  return { path: resolve(targetFolder, "release/openmls-peer") }
}

/** What the peer answers to a request that it cannot fulfil. */
export class PeerError extends Error {}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** A running peer. */
export class PeerProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: Array<Waiting> = []

  /** Starts it. */
  constructor() {
    const { path, reason } = peerProgram()
    if (path === undefined) throw new Error(reason)
    this.#child = spawn(path, [], { stdio: "pipe" })
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#answer(line))
    this.#child.on("exit", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("the peer ended"))
    })
  }

  /** Sends a request; rejects with a {@link PeerError} when the peer refuses. */
  request<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    }) as Promise<T>
  }

  /** Ends it. */
  stop(): void {
    this.#child.stdin.end()
    this.#child.kill()
  }

  #answer(line: string): void {
    const waiting = this.#waiting.shift()
    const answer: { readonly ok?: unknown; readonly error?: string } = JSON.parse(line)
    if (answer.error === undefined) waiting?.resolve(answer.ok)
    else waiting?.reject(new PeerError(answer.error))
  }
}
