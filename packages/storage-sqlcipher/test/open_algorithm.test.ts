import type { StorageErrorReason, Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { dirname } from "node:path"
import { test } from "node:test"
import { layerUnencrypted } from "../src/layer.ts"
import { databasePaths } from "../src/files/database_paths.ts"
import {
  type CreationRecord,
  parseRecord,
  readRecord,
  writeRecord,
} from "../src/open/creation_record.ts"
import { keyCheckOf } from "../src/open/key_check.ts"
import { decide, type KeyFacts } from "../src/open/key_decision.ts"
import type { KeySource } from "../src/open/key_handover.ts"
import { MIGRATIONS, writeMeta } from "../src/schema/migrations.ts"
import { defaultDriver } from "./support/drivers.ts"
import { KeyStoreDouble } from "./support/key_store_double.ts"
import { given, KEY, open, refusedBecause } from "./support/open.ts"
import { type Place, withPlace } from "./support/place.ts"

const NAME = { serviceId: "com.example.test", keyId: "default" }
const ID = "com.example.test/default"

const stored = (
  store: KeyStoreDouble,
  onExistingKey: "error" | "reuse" | "rotate" = "error",
): KeySource => ({ kind: "store", store, name: NAME, onExistingKey })

const other = Uint8Array.from(KEY, (byte) => byte ^ 0xff)
const COLLECTION = { name: "c", kind: "keyed", columns: {}, indexes: {} } as const
const put: Verb = { verb: "put", collection: "c", key: "k", value: new Uint8Array([42]) }

/** Opens and makes sure that there is a row, or that it is there. */
const write = (path: string, source: KeySource) =>
  open(path, (storage) =>
    Effect.gen(function* () {
      yield* storage.declare([COLLECTION])
      yield* storage.commit({ id: "a".repeat(32), verbs: [put] })
      return yield* storage.count("c", { index: "key" }, 10)
    }), source)

test("the first opening makes key, record and file; the next ones use them", () =>
  withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    assert.equal(await write(path, stored(store)), 1)
    const key = store.keys.get(ID)
    assert.equal(key?.length, 32)
    const record = readRecord(databasePaths(path))
    assert.deepEqual({ ...record, inode: "" }, {
      state: "ready",
      backend: "double",
      check: keyCheckOf(key ?? new Uint8Array()),
      generation: 1,
      inode: "",
    })
    assert.equal(await write(path, stored(store, "rotate")), 1)
    assert.deepEqual(store.keys.get(ID), key)
    assert.ok(!readFileSync(databasePaths(path).record).includes(NAME.keyId))
  }))

test("every reason of a refusal is its own", () =>
  withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    await write(path, stored(store))
    const refused = (source: KeySource) => refusedBecause(path, source)

    assert.equal(await refused(stored(new KeyStoreDouble("another"))), "backend-changed")
    const empty = new KeyStoreDouble()
    assert.equal(await refused(stored(empty, "rotate")), "key-missing")
    assert.equal(empty.keys.size, 0)
    store.hidesKeys = true
    assert.equal(await refused(stored(store, "reuse")), "key-missing")
    store.hidesKeys = false
    store.fault = { operation: "get", reason: "locked", applied: false }
    assert.equal(await refused(stored(store)), "key-store")
    assert.equal(await refused(given(other)), "wrong-key")
    assert.equal(await refused(given(new Uint8Array(31))), "invalid")
    const wrong = new KeyStoreDouble()
    wrong.keys.set(ID, other)
    assert.equal(await refused(stored(wrong)), "wrong-key")
    assert.equal(await refused({ kind: "none" }), "not-a-database")
    // None of this has changed anything.
    assert.equal(await write(path, stored(store)), 1)
  }))

test("a plaintext database is refused by a key, and an encrypted one without", () =>
  withPlace(async ({ path }) => {
    await write(path, { kind: "none" })
    assert.match(readFileSync(path, "latin1"), /^SQLite format 3\0/)
    assert.equal(await refusedBecause(path, given()), "plaintext-file")
    const store = new KeyStoreDouble()
    assert.equal(await refusedBecause(path, stored(store, "rotate")), "plaintext-file")
    assert.deepEqual([store.calls, store.keys.size], [0, 0])
    assert.equal(await write(path, { kind: "none" }), 1)
  }))

test("a newer file and somebody else's database are refused and not changed", () =>
  withPlace(async ({ path }) => {
    await write(path, given())
    const connection = defaultDriver.open({ path, encryption: { kind: "sqlcipher", key: KEY } })
    writeMeta(connection, "schema_version", (MIGRATIONS.at(-1)?.version ?? 0) + 1)
    connection.close()
    assert.equal(await refusedBecause(path), "newer-schema")
    rmSync(dirname(path), { recursive: true })
    mkdirSync(dirname(path), { mode: 0o700 })
    writeFileSync(path, "", { mode: 0o600 })
    const foreign = defaultDriver.open({ path, encryption: { kind: "sqlcipher", key: KEY } })
    foreign.exec("CREATE TABLE theirs (x)")
    foreign.close()
    assert.equal(await refusedBecause(path), "not-a-database")
  }))

test("a rollback journal that another program left is not touched", () =>
  withPlace(async ({ path }) => {
    await write(path, given())
    // The magic, no count yet, a nonce, and that the file had one page.
    const journal = new Uint8Array(512)
    journal.set([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7])
    journal[19] = 1
    writeFileSync(`${path}-journal`, journal, { mode: 0o600 })
    const before = readFileSync(path)
    assert.equal(await refusedBecause(path), "foreign-journal")
    assert.deepEqual(readFileSync(path), before)
    assert.deepEqual(new Uint8Array(readFileSync(`${path}-journal`)), journal)
  }))

test("storage in clear must be asked for by name", () =>
  withPlace(async ({ path }) => {
    const { Storage } = await import("@mdk/core/services")
    const attempt = (flag: boolean) =>
      Effect.runPromise(
        Storage.useSync(() => "opened").pipe(
          Effect.provide(layerUnencrypted({ path, storeEverythingInClear: flag as true })),
          Effect.catchTag("StorageError", (error) => Effect.succeed(error.reason)),
        ),
      )
    assert.equal(await attempt(false), "invalid")
    assert.equal(existsSync(path), false)
    assert.equal(await attempt(true), "opened")
  }))

test("a creation that was interrupted at any step is resumed with the same key, whatever the policy", async () => {
  for (const policy of ["error", "reuse", "rotate"] as const) {
    await withPlace(async ({ path }) => {
      const store = new KeyStoreDouble()
      // The store answered with an error although it had stored the key: as after a kill.
      store.fault = { operation: "create", reason: "timed-out", applied: true }
      assert.equal(await refusedBecause(path, stored(store, policy)), "key-store")
      const key = store.keys.get(ID)
      assert.equal(statSync(path).size, 0)
      assert.equal(readRecord(databasePaths(path))?.state, "creating")
      assert.equal(await write(path, stored(store, policy)), 1)
      assert.deepEqual(store.keys.get(ID), key)
    })
    await withPlace(async ({ path }) => {
      const store = new KeyStoreDouble()
      store.fault = { operation: "create", reason: "unavailable", applied: false }
      assert.equal(await refusedBecause(path, stored(store, policy)), "key-store")
      assert.equal(store.keys.size, 0)
      assert.equal(await write(path, stored(store, policy)), 1)
    })
  }
})

test("a key that exists for a database that does not: error, reuse, rotate", async () => {
  await withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    store.keys.set(ID, KEY.slice())
    assert.equal(await refusedBecause(path, stored(store)), "key-exists")
    assert.deepEqual(store.keys.get(ID), KEY)
    assert.equal(await write(path, stored(store, "reuse")), 1)
    assert.deepEqual(store.keys.get(ID), KEY)
  })
  await withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    store.keys.set(ID, KEY.slice())
    store.fault = { operation: "replace", reason: "timed-out", applied: true }
    assert.equal(await refusedBecause(path, stored(store, "rotate")), "key-store")
    const next = store.keys.get(ID)
    assert.notDeepEqual(next, KEY)
    // The record names the new key: the creation is resumed.
    assert.equal(await write(path, stored(store)), 1)
    assert.deepEqual(store.keys.get(ID), next)
  })
  await withPlace(async ({ path }) => {
    const store = new KeyStoreDouble()
    store.keys.set(ID, KEY.slice())
    store.hidesKeys = true
    assert.equal(await refusedBecause(path, stored(store)), "key-exists")
    assert.deepEqual(store.keys.get(ID), KEY)
  })
})

test("a copy of the files, an older file put back, and a lost record are recognized", () =>
  withPlace(async ({ copy, path }) => {
    const restored = (at: string) =>
      open(at, (storage) => Effect.succeed(storage.condition.restored))
    await write(path, given())
    assert.equal(await restored(path), false)
    const twin = copy()
    try {
      assert.equal(await restored(twin.path), true)
    } finally {
      twin.remove()
    }
    const before = readFileSync(path)
    assert.equal(await restored(path), false)
    // Written into the same file: its number is the same, its generation is not.
    writeFileSync(path, before)
    assert.equal(await restored(path), true)
    await open(path, (storage) => storage.acknowledgeRestore)
    assert.equal(await restored(path), false)
    rmSync(databasePaths(path).record)
    assert.equal(await restored(path), true)
  }))

test("records are read strictly", () => {
  const good = {
    v: 1,
    state: "ready",
    backend: "x",
    check: "0".repeat(16),
    generation: 3,
    inode: "77",
  }
  assert.notEqual(parseRecord(JSON.stringify(good)), undefined)
  for (
    const change of [
      { v: 2 },
      { state: "done" },
      { backend: 1 },
      { check: "0" },
      { generation: 0.5 },
      { inode: 77 },
    ]
  ) assert.equal(parseRecord(JSON.stringify({ ...good, ...change })), undefined)
  for (const text of ["", "null", "[]", "{", '"x"']) assert.equal(parseRecord(text), undefined)
})

test("no decision makes a key for a file with content, or gives up the key of an unfinished creation", () => {
  let decisions = 0
  for (const known of allFacts()) {
    decisions++
    const { kind } = decide(known)
    const makesKey = kind === "create-with-new-key" || kind === "rotate-and-create"
    if (known.file === "other" || known.file === "plaintext") assert.ok(!makesKey)
    if (kind === "create-with-new-key") assert.ok(!known.hasKey)
    if (kind === "rotate-and-create") {
      assert.equal(known.policy, "rotate")
      assert.ok(known.hasKey)
      const record = known.record
      assert.ok(!(record?.state === "creating" && record.namesKey && record.namesBackend))
    }
    if (kind === "open") assert.equal(known.file, "other")
  }
  assert.equal(decisions, 540)
})

function* allFacts(): Generator<KeyFacts> {
  const flags = [false, true]
  const records: Array<KeyFacts["record"]> = [undefined]
  for (const state of ["creating", "ready"] as const) {
    for (const namesKey of flags) {
      for (const namesBackend of flags) records.push({ state, namesKey, namesBackend })
    }
  }
  for (const file of ["absent", "empty", "fragment", "plaintext", "other"] as const) {
    for (const record of records) {
      for (const hasLog of flags) {
        for (const hasKey of flags) {
          for (const policy of ["error", "reuse", "rotate"] as const) {
            yield { file, record, hasLog, hasKey, policy }
          }
        }
      }
    }
  }
}

/** The files of a whole database, to build states from. */
interface Template {
  readonly encrypted: Uint8Array
  readonly plaintext: Uint8Array
}

async function makeTemplate(): Promise<Template> {
  const encrypted = await withPlace(async ({ path }) => {
    await write(path, given())
    return readFileSync(path)
  })
  const plaintext = await withPlace(async ({ path }) => {
    await write(path, { kind: "none" })
    return readFileSync(path)
  })
  return { encrypted, plaintext }
}

function arrange(
  { path }: Place,
  template: Template,
  state: {
    readonly file: "absent" | "empty" | "encrypted" | "plaintext"
    readonly record: "absent" | "creating" | "ready" | "foreign"
  },
): void {
  const paths = databasePaths(path)
  mkdirSync(paths.directory, { mode: 0o700 })
  chmodSync(paths.directory, 0o700)
  const content = { absent: undefined, empty: new Uint8Array(), ...template }[state.file]
  if (content !== undefined) writeFileSync(path, content, { mode: 0o600 })
  if (state.record === "absent") return
  const record: CreationRecord = {
    state: state.record === "creating" ? "creating" : "ready",
    backend: "double",
    check: keyCheckOf(state.record === "foreign" ? other : KEY),
    generation: state.record === "creating" ? 0 : 1,
    inode: state.record === "creating" || state.file === "absent" ? "" : String(statSync(path).ino),
  }
  writeRecord(paths, record)
}

test(
  "over all states: the only working key of a database is never lost, and never replaced in silence",
  { timeout: 300_000 },
  async () => {
    const template = await makeTemplate()
    let states = 0
    for (const file of ["absent", "empty", "encrypted", "plaintext"] as const) {
      for (const record of ["absent", "creating", "ready", "foreign"] as const) {
        for (const key of ["absent", "present", "corrupt", "locked", "hidden"] as const) {
          for (const policy of ["error", "reuse", "rotate"] as const) {
            await withPlace(async (place) => {
              states++
              arrange(place, template, { file, record })
              const store = new KeyStoreDouble()
              if (key !== "absent") store.keys.set(ID, KEY.slice())
              if (key === "corrupt" || key === "locked") {
                store.fault = { operation: "get", reason: key, applied: false }
              }
              store.hidesKeys = key === "hidden"
              const outcome = await refusedBecause(place.path, stored(store, policy))
              const label = `${file} ${record} ${key} ${policy}: ${outcome}`
              const now = store.keys.get(ID)
              const isReplaced = key !== "absent" && !KEY.every((byte, at) => now?.[at] === byte)
              // A key is replaced only on request, and only where there is no database.
              if (isReplaced) {
                assert.ok(policy === "rotate" && (file === "absent" || file === "empty"), label)
                assert.ok(!(file === "empty" && record === "ready"), label)
              }
              if (file === "encrypted" || file === "plaintext") {
                assert.deepEqual(now, key === "absent" ? undefined : KEY, label)
                const expected: StorageErrorReason | "opened" = file === "plaintext"
                  ? "plaintext-file"
                  : key === "present"
                  ? "opened"
                  : key === "corrupt" || key === "locked"
                  ? "key-store"
                  : "key-missing"
                assert.equal(outcome, expected, label)
              }
              if (file === "empty" && record === "ready") {
                assert.equal(outcome, "not-a-database", label)
              }
              if (file === "empty" && record === "creating" && key === "present") {
                assert.equal(outcome, "opened", label)
                assert.deepEqual(now, KEY, label)
              }
              if (outcome === "opened") {
                store.hidesKeys = false
                assert.equal(await refusedBecause(place.path, stored(store)), "opened", label)
              }
            })
          }
        }
      }
    }
    assert.equal(states, 240)
  },
)

test("an absent disk does not cost the key: the record of a lost file is no licence", () =>
  withPlace(async ({ path, root }) => {
    const store = new KeyStoreDouble()
    await write(path, stored(store))
    const key = store.keys.get(ID)
    copyFileSync(path, `${root}/kept`)
    rmSync(path)
    assert.equal(await refusedBecause(path, stored(store)), "key-exists")
    writeFileSync(path, "", { mode: 0o600 })
    for (const policy of ["error", "reuse", "rotate"] as const) {
      assert.equal(await refusedBecause(path, stored(store, policy)), "not-a-database")
    }
    assert.deepEqual(store.keys.get(ID), key)
    truncateSync(path, 0)
    copyFileSync(`${root}/kept`, path)
    assert.equal(await write(path, stored(store)), 1)
  }))
