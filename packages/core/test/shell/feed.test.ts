import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { defaultCryptoProvider, Secret } from "../../src/crypto/mod.ts"
import { LocalSigner, publicKeyOf } from "../../src/identity/mod.ts"
import type {
  EntropyService,
  Incoming,
  NostrEvent,
  TransportService,
} from "../../src/services/mod.ts"
import { makeBells } from "../../src/shell/bells.ts"
import { runFeed } from "../../src/shell/feed.ts"
import { makeSyncState } from "../../src/shell/sync_state.ts"

const entropy: EntropyService = { bytes: (size) => new Uint8Array(size).fill(7) }
const key = Secret.take(defaultCryptoProvider().sha256(new Uint8Array(1)))

const eventOf = (n: number, content: string): NostrEvent => ({
  id: n.toString(16).padStart(64, "0"),
  pubkey: "00".repeat(32),
  created_at: n,
  kind: 445,
  tags: [],
  content,
  sig: "00".repeat(64),
})

/** What is read, in portions, of what a relay gives newest first. */
const portions = async (events: ReadonlyArray<NostrEvent>) => {
  const taken: Array<ReadonlyArray<number>> = []
  let fetches = 0
  const transport: TransportService = {
    relays: [],
    maxEventBytes: 1,
    publish: () => Stream.empty,
    subscribe: () =>
      Stream.fromIterable<Incoming>([
        ...events.map((event): Incoming => ({ _tag: "Event", relay: "r", event })),
        { _tag: "Stored", relay: "r" },
      ]),
    fetch: () => {
      fetches++
      return Effect.succeed({ events: [], complete: [], partial: [] })
    },
    states: Stream.empty,
  }
  const signer = LocalSigner.make(key, entropy)
  const identity = { publicKey: publicKeyOf(key), signer }
  await Effect.runPromise(runFeed({ transport, identity }, makeSyncState(makeBells()), {
    key: "f",
    relays: ["r"],
    filters: [{ kinds: [445] }],
    overlapSeconds: 0,
    authenticated: false,
    take: (some) => Effect.sync(() => void taken.push(some.map(({ created_at }) => created_at))),
    passed: () => Effect.void,
  }))
  return { taken, fetches }
}

describe("stored events of a relay", () => {
  it("are read from the oldest on, and not asked for again: `Stored` says that it was all", async () => {
    const events = Array.from({ length: 900 }, (_, n) => eventOf(900 - n, ""))
    const { taken, fetches } = await portions(events)
    assert.equal(fetches, 0)
    assert.deepEqual(taken.flat(), Array.from({ length: 900 }, (_, n) => n + 1))
  })

  it("are bounded in memory by their size, and none is lost", async () => {
    const content = "x".repeat(1024 * 1024)
    const events = Array.from({ length: 100 }, (_, n) => eventOf(100 - n, content))
    const { taken } = await portions(events)
    assert.ok(taken.every(({ length }) => length <= 36), String(taken.map((one) => one.length)))
    assert.equal(new Set(taken.flat()).size, 100)
  })
})
