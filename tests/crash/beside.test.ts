import { Storage } from "@mdk/core/services"
import { compactDatabase, layerWithKey, rekeyDatabase } from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { ownRuntime } from "./killed_process.ts"
import { batchOf, declare, faultsOf } from "./life.ts"

const READER = fileURLToPath(new URL("./reader_process.ts", import.meta.url))

/** Starts a reader and waits until it is in the middle. */
async function startReader(path: string, key: Uint8Array) {
  const { args, program } = ownRuntime()
  const child = spawn(program, [...args, READER, path, Buffer.from(key).toString("hex")], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  let said = ""
  const closed = new Promise<string>((resolve) => child.on("close", () => resolve(said)))
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text
      if (said.includes("in\n")) resolve()
    })
    child.on("close", () => reject(new Error("the reader ended early")))
    child.on("error", reject)
  })
  return {
    leave: () => {
      child.stdin.end()
      return closed
    },
    kill: () => {
      child.kill("SIGKILL")
      return closed
    },
  }
}

test("a file is not exchanged under a reader of another process; its death lets go", {
  timeout: 120_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "mdk-beside-"))
  const path = join(directory, "account", "chat.db")
  const bytes = new Uint8Array(32).fill(3)
  const key = Redacted.make(bytes)
  const open = layerWithKey({ path, key })
  const reasonOf = (effect: Effect.Effect<unknown, { readonly reason: string }>) =>
    Effect.runPromise(Effect.match(effect, {
      onFailure: ({ reason }) => reason,
      onSuccess: () => "done",
    }))
  try {
    await Effect.runPromise(
      Storage.use((storage) => Effect.andThen(declare(storage), storage.commit(batchOf(1, 0))))
        .pipe(Effect.provide(open)),
    )
    const first = await startReader(path, bytes)
    assert.equal(await reasonOf(compactDatabase({ path, key })), "busy")
    const next = Redacted.make(new Uint8Array(32).fill(4))
    assert.equal(await reasonOf(rekeyDatabase({ path, current: key, next })), "busy")
    // The live instance itself is not kept out, and writes while the other reads.
    const { faults, last } = await Effect.runPromise(
      Storage.use((storage) =>
        Effect.gen(function* () {
          yield* declare(storage)
          yield* storage.commit(batchOf(2, 0))
          return yield* faultsOf(storage)
        })
      ).pipe(Effect.provide(open)),
    )
    assert.deepEqual([faults, last], [[], 2])
    assert.match(await first.leave(), /sound/)
    assert.equal(await reasonOf(compactDatabase({ path, key })), "done")

    const second = await startReader(path, bytes)
    await second.kill()
    assert.equal(await reasonOf(rekeyDatabase({ path, current: key, next })), "done")
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
