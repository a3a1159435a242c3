import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { MemoryDisk } from "@mdk/storage-memory"
import { MemoryRelays } from "@mdk/testing"
import { conversation } from "../../examples/conversation.ts"
import { memoryAccount, RELAY } from "./memory_account.ts"
import { productionAccount } from "./production_account.ts"

const secretKeys = { alice: "1".repeat(64), bob: "2".repeat(64), carol: "3".repeat(64) }
const expected = { texts: ["hello", "hello yourself"], reactions: ["🥕"] }

describe("examples/conversation.ts", () => {
  it("runs over memory layers", async () => {
    const network = new MemoryRelays({ addresses: [RELAY] })
    const person = (secretKey: string) => memoryAccount(network, secretKey, new MemoryDisk())
    const read = await conversation({
      alice: person(secretKeys.alice),
      bob: person(secretKeys.bob),
      carol: person(secretKeys.carol),
    })
    assert.deepEqual(read, { bob: expected, carol: expected })
  })

  it("runs over production layers", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mdk-conversation-"))
    const relay = await new EmbeddedRelay().start()
    try {
      const person = (name: keyof typeof secretKeys) =>
        productionAccount({
          folder: join(folder, name),
          relay: relay.url,
          secretKey: secretKeys[name],
        })
      const read = await conversation({
        alice: person("alice"),
        bob: person("bob"),
        carol: person("carol"),
      })
      assert.deepEqual(read, { bob: expected, carol: expected })
    } finally {
      await relay.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
