import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { fileURLToPath } from "node:url"
import { connect, type MdkClient, type MessageId, PublicKey } from "@mdk/core"
import { parseSecretKey, publicKeyOf } from "@mdk/core/identity"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { MemoryDisk } from "@mdk/storage-memory"
import { MemoryRelays } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { pingBot } from "../../examples/ping_bot.ts"
import { memoryAccount, RELAY } from "./memory_account.ts"
import { productionAccount } from "./production_account.ts"

const personKey = "4".repeat(64)
const botKey = "5".repeat(64)
const bot = PublicKey.parse(publicKeyOf(parseSecretKey(botKey)))
const PINGS = 12

/** Something that answers pings until it is killed. */
interface RunningBot {
  readonly kill: () => Promise<void>
}

/** Asks again until it holds, for a bounded time. */
async function eventually<A>(ask: () => Promise<A | undefined>): Promise<A> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await ask()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("it did not happen")
}

/** What each ping was answered with. */
async function answers(person: MdkClient): Promise<ReadonlyMap<MessageId, number>> {
  const [group] = (await person.groups.page()).items
  assert.ok(group !== undefined)
  const counts = new Map<MessageId, number>()
  const { items } = await person.messages.page(group.id, { limit: 500 })
  for (const message of items) {
    if (message.author === bot && message.replyTo !== undefined) {
      counts.set(message.replyTo, (counts.get(message.replyTo) ?? 0) + 1)
    }
  }
  return counts
}

/** Sends pings while the bot is killed and started again: each is answered exactly once. */
async function pingAndKill(person: MdkClient, start: () => Promise<RunningBot>): Promise<void> {
  let running = await start()
  try {
    await eventually(async () =>
      (await person.groups.reach([bot])).get(bot) === "ready" || undefined
    )
    const { group, change } = await person.groups.create({ name: "pings", invite: [bot] })
    await change.published()
    const pings: Array<MessageId> = []
    const ping = async () => {
      const sent = await person.messages.send(group.id, "ping")
      await sent.published()
      pings.push(sent.messageId)
    }
    await ping()
    await eventually(async () => (await answers(person)).size >= 1 || undefined)
    for (let round = 0; round < 2; round++) {
      // Killed while it may be reading, answering or publishing; what follows finds it dead.
      for (let n = 0; n < PINGS / 3; n++) await ping()
      await running.kill()
      await ping()
      running = await start()
    }
    await eventually(async () => (await answers(person)).size === pings.length || undefined)
    await ping()
    await eventually(async () => (await answers(person)).size === pings.length || undefined)
    const counts = await answers(person)
    assert.deepEqual(pings.map((id) => counts.get(id)), pings.map(() => 1))
  } finally {
    await running.kill()
  }
}

/** Closes an account at the end. */
async function withPerson(layer: MdkLayerOf, use: (person: MdkClient) => Promise<void>) {
  const person = await connect(layer)
  try {
    await use(person)
  } finally {
    await person.close()
  }
}

type MdkLayerOf = Parameters<typeof connect>[0]

describe("examples/ping_bot.ts", () => {
  it("answers every ping once over memory layers, interrupted in the middle", async () => {
    const network = new MemoryRelays({ addresses: [RELAY] })
    const disk = new MemoryDisk()
    const start = () => {
      const layer = memoryAccount(network, botKey, disk, { invites: "all" })
      const fiber = Effect.runFork(Effect.provide(pingBot, layer))
      return Promise.resolve({
        kill: async () => {
          await Effect.runPromise(Fiber.interrupt(fiber))
        },
      })
    }
    await withPerson(
      memoryAccount(network, personKey, new MemoryDisk()),
      (person) => pingAndKill(person, start),
    )
  })

  it("answers every ping once over production layers, killed in the middle", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mdk-ping-"))
    const relay = await new EmbeddedRelay().start()
    const account = { folder: join(folder, "bot"), relay: relay.url, secretKey: botKey }
    try {
      await withPerson(
        productionAccount({
          folder: join(folder, "person"),
          relay: relay.url,
          secretKey: personKey,
        }),
        (person) => pingAndKill(person, () => startProcess(JSON.stringify(account))),
      )
    } finally {
      await relay.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** The bot in a process that is killed without warning. */
async function startProcess(account: string): Promise<RunningBot> {
  const program = fileURLToPath(new URL("./ping_bot_process.ts", import.meta.url))
  const args = process.versions["deno"] === undefined
    ? [program]
    : ["run", "--quiet", "--no-check", "--node-modules-dir=manual", "-A", program]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()))
  child.stdin?.write(`${account}\n`)
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()))
  return {
    kill: async () => {
      child.kill("SIGKILL")
      await ended
    },
  }
}
