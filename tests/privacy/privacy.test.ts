import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import type { KeyStore, KeyStoreError } from "@mdk/core/services"
import { MemoryKeyring } from "@mdk/keyring-adapters"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import * as MemoryStorage from "@mdk/storage-memory"
import * as SqlCipherStorage from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { found } from "../../packages/cli/src/demo/needles.ts"
import { type Canaries, makeCanaries, needlesOf, play, type Stores } from "./scenario.ts"
import { makeWitness, type Witness, witnessed } from "./witness.ts"

const folder = mkdtempSync(join(tmpdir(), "mdk-privacy-"))
const relay = new EmbeddedRelay()
before(() => relay.start())
after(async () => {
  await relay.stop()
  rmSync(folder, { recursive: true, force: true })
})

const encrypted = (name: string, keys: Layer.Layer<KeyStore, KeyStoreError>) =>
  SqlCipherStorage.layer({
    path: join(folder, name, "mdk.db"),
    serviceId: "com.example.canary",
    keyId: `mdk.db.key.${name}`,
  }).pipe(Layer.provide(keys))

/** Plays the scenario in front of a witness; what was said, and what must not have been. */
async function witnessScenario<E>(stores: Stores<E>) {
  const witness: Witness = makeWitness()
  const canaries: Canaries = makeCanaries()
  const stop = witness.overhear()
  let exit
  try {
    exit = await Effect.runPromise(
      witnessed(witness, play(witness, canaries, stores, relay)).pipe(
        Effect.provide(witness.layer),
      ),
    )
  } finally {
    stop()
  }
  return { witness, canaries, exit }
}

describe("a witness", () => {
  it("would notice", async () => {
    const witness = makeWitness()
    const canaries = makeCanaries()
    const needles = needlesOf(canaries)
    const [, planted] = canaries.secretKeys
    const leaks: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]> = [
      ["text", Effect.logTrace(canaries.text)],
      ["group name", Effect.annotateLogs(Effect.logInfo("x"), { a: canaries.groupName })],
      ["lost text", Effect.withSpan(Effect.void, "s", { attributes: { a: canaries.lost } })],
      ["emoji", Effect.fail(Object.assign(new Error("x"), { a: { b: canaries.emoji } }))],
      ["secret key 0", Effect.die(new Error("x", { cause: new Error(canaries.secretKeys[0]) }))],
      [
        "secret key 1",
        Effect.annotateCurrentSpan("k", planted).pipe(
          Effect.withSpan("t"),
        ),
      ],
    ]
    for (const [what, leak] of leaks) {
      await Effect.runPromise(witnessed(witness, leak).pipe(Effect.provide(witness.layer)))
      assert.ok(found(Buffer.from(witness.said()), needles).includes(what), what)
    }
  })
})

describe("a conversation with canaries", () => {
  for (const kind of ["memory", "SQLCipher"] as const) {
    it(`says nothing over ${kind} storage`, async () => {
      const keys = MemoryKeyring.layer
      if (kind === "SQLCipher") {
        for (const name of ["ann", "ben"]) mkdirSync(join(folder, name), { mode: 0o700 })
      }
      const { witness, canaries, exit } = kind === "memory"
        ? await witnessScenario([MemoryStorage.layer, Layer.fresh(MemoryStorage.layer)])
        : await witnessScenario([encrypted("ann", keys), encrypted("ben", keys)])
      assert.ok(Exit.isSuccess(exit), "the scenario ended early")
      const { needles, failures } = exit.value
      assert.ok(failures >= 15, `${failures} calls failed`)
      const all = [...needlesOf(canaries), ...needles]
      const said = witness.said()
      assert.ok(said.includes("span Mdk."), "no span was witnessed")
      assert.deepEqual(found(Buffer.from(said), all), [])

      if (kind === "memory") return
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const path = join(folder, name)
        if (!statSync(path).isFile()) continue
        assert.deepEqual(found(readFileSync(path), all), [], "a file on disk")
      }
    })
  }
})
