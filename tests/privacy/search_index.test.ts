import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import { Mdk, type MdkService } from "@mdk/core"
import { LocalSigner } from "@mdk/core/identity"
import * as SqlCipherStorage from "@mdk/storage-sqlcipher"
import { MemoryRelays, MemoryTransport } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import { SearchTokens } from "../../packages/storage-sqlcipher/src/erase/search_tokens.ts"
import {
  decryptedPages,
  pagesWith,
} from "../../packages/storage-sqlcipher/test/support/decrypted_pages.ts"
import { defaultDriver } from "../../packages/storage-sqlcipher/test/support/drivers.ts"

const KEY = crypto.getRandomValues(new Uint8Array(32))
const RELAY = "wss://relay.test"

/** What an adversary has who got the files only: every byte of every one. */
const filesHold = (folder: string, word: string): boolean =>
  readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(word))

/** What an adversary has who got the key too: the entries of the index, and which are of some words. */
function indexOf(path: string, words: ReadonlyArray<string>) {
  const connection = defaultDriver.open({ path, encryption: { kind: "sqlcipher", key: KEY } })
  try {
    connection.exec(
      `CREATE VIRTUAL TABLE temp.entries USING fts5vocab(main, 'c_texts:words', 'row')`,
    )
    const entries = connection.prepare("SELECT term FROM temp.entries").all()
      .map(({ term }) => String(term))
    const tokens = new SearchTokens(connection)
    return { entries, held: words.filter((word) => entries.includes(tokens.of(word))) }
  } finally {
    connection.close()
  }
}

const inFolder = (
  body: (place: {
    readonly folder: string
    readonly path: string
    readonly as: <A, E>(program: (mdk: MdkService) => Effect.Effect<A, E>) => Effect.Effect<A>
  }) => Effect.Effect<void, unknown>,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "mdk-index-"))
  const path = join(folder, "db", "mdk.db")
  const network = new MemoryRelays({ addresses: [RELAY], seed: 1 })
  const account = Mdk.layer({ offline: true }).pipe(
    Layer.provide(SqlCipherStorage.layerWithKey({ path, key: Redacted.make(KEY) })),
    Layer.provide(MemoryTransport.layer({ network, relays: [RELAY], client: "ann" })),
    Layer.provide(LocalSigner.fromSecretKey("1".repeat(64))),
  )
  const program = Effect.gen(function* () {
    yield* TestClock.setTime(1_700_000_000_000)
    yield* body({
      folder: join(folder, "db"),
      path,
      as: (program) => Effect.orDie(Effect.provide(Mdk.use(program), Layer.fresh(account))),
    })
  })
  return Effect.runPromise(Effect.provide(program, TestClock.layer()))
    .finally(() => rmSync(folder, { recursive: true, force: true }))
}

describe("the search index in an encrypted database", () => {
  it("shows no word to who has the files, and a keyed hash of each to who has the key", () =>
    inFolder(({ folder, path, as }) =>
      Effect.gen(function* () {
        yield* as((mdk) =>
          Effect.gen(function* () {
            const { group } = yield* mdk.groups.create({ name: "Zoo" })
            for (let n = 0; n < 20; n++) {
              yield* mdk.messages.send(group.id, `needleword${n} haystack`)
            }
            const where = { text: "needleword7" }
            assert.equal((yield* mdk.messages.page("all", { where })).items.length, 1)
            assert.ok(!filesHold(folder, "needleword") && !filesHold(folder, "haystack"))
          })
        )
        assert.ok(!filesHold(folder, "needleword") && !filesHold(folder, "haystack"))
        const { entries, held } = indexOf(path, ["needleword7", "haystack", "other"])
        assert.deepEqual(held, ["needleword7", "haystack"])
        assert.ok(entries.every((entry) => /^[0-9a-z]{8}$/.test(entry)))
      })
    ))

  it("keeps no entry of words that were edited, deleted or have disappeared", () =>
    inFolder(({ path, as }) =>
      Effect.gen(function* () {
        yield* as((mdk) =>
          Effect.gen(function* () {
            const { group } = yield* mdk.groups.create({ name: "Zoo", retention: "1 hour" })
            const first = yield* mdk.messages.send(group.id, "mayfly before")
            yield* mdk.messages.edit(first.messageId, "mayfly after")
            const second = yield* mdk.messages.send(group.id, "dragonfly")
            yield* mdk.messages.remove(second.messageId)
          })
        )
        const words = ["mayfly", "before", "after", "dragonfly"]
        assert.deepEqual(indexOf(path, words).held, ["mayfly", "after"])
        assert.ok(pagesWith(decryptedPages(path, KEY), ["mayfly"]).length > 0)
        yield* TestClock.adjust("2 hours")
        yield* as((mdk) =>
          Effect.gen(function* () {
            const { items } = yield* mdk.messages.page("all", { where: { text: "mayfly" } })
            assert.deepEqual(items, [])
          })
        )
        assert.deepEqual(indexOf(path, words), { entries: [], held: [] })
        // Not in clear either, behind the encryption, in the database or in its log.
        assert.deepEqual(pagesWith(decryptedPages(path, KEY), words), [])
      })
    ))
})
