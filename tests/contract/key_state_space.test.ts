/**
 * Every state of a database file, its creation record, its key and the policy: there is no path on
 * which the only working key of a database is lost, or a new key silently takes its place.
 *
 * The first part goes through all states once. The second goes through random histories with a store
 * that is closed, loses writes and fails half way, and a disk that is not mounted.
 *
 * @module
 */
import { Storage, type StorageErrorReason } from "@mdk/core/services"
import { MemoryKeyring } from "@mdk/keyring-adapters"
import { type ExistingKeyPolicy, layer } from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import fc from "fast-check"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"

const name = { serviceId: "org.example.states", keyId: "db" }
const COLLECTION = { name: "rows", kind: "keyed", columns: {}, indexes: {} } as const
const parent = mkdtempSync(join(tmpdir(), "mdk-states-"))
after(() => rmSync(parent, { recursive: true }))
let places = 0
const freshPlace = () => join(parent, String(places++))
const pathIn = (place: string) => join(place, "chat.db")

/** Opens, makes sure that there is a row, closes. The number of rows, or the reason. */
const open = async (
  place: string,
  store: MemoryKeyring.MemoryKeyStore,
  policy: ExistingKeyPolicy,
  row?: string,
): Promise<number | StorageErrorReason> => {
  const result = await Effect.runPromise(Effect.result(
    Storage.use((storage) =>
      Effect.gen(function* () {
        yield* storage.declare([COLLECTION])
        if (row !== undefined) {
          yield* storage.commit({
            id: globalThis.crypto.randomUUID().replaceAll("-", ""),
            verbs: [{ verb: "put", collection: "rows", key: row, value: new Uint8Array([1]) }],
          })
        }
        return yield* storage.count("rows", { index: "key" }, 100)
      })
    ).pipe(Effect.provide(
      layer({ ...name, path: pathIn(place), onExistingKey: policy })
        .pipe(Layer.provide(MemoryKeyring.layerOf(store))),
    )),
  ))
  return Result.isSuccess(result) ? result.success : result.failure.reason
}

const entryOf = (store: MemoryKeyring.MemoryKeyStore) => {
  const entry = store.peek(name)
  return entry === undefined ? "none" : Buffer.from(entry).toString("hex")
}
const contentOf = (place: string) => {
  const path = pathIn(place)
  return existsSync(path) ? readFileSync(path, "hex") : "none"
}

// One real database and one that has another key: the states are made from their files.
const original = freshPlace()
const store = MemoryKeyring.make()
assert.equal(await open(original, store, "error", "row"), 1)
const KEY = store.peek(name) ?? new Uint8Array()
const foreign = freshPlace()
const foreignStore = MemoryKeyring.make()
assert.equal(await open(foreign, foreignStore, "error", "row"), 1)
const OTHER_KEY = foreignStore.peek(name) ?? new Uint8Array()

const FILES = ["absent", "empty", "encrypted", "plaintext"] as const
const RECORDS = [
  "absent",
  "matching creating",
  "matching ready",
  "foreign creating",
  "foreign ready",
  "another backend",
] as const
const KEYS = [
  "absent",
  "present",
  "another",
  "corrupt",
  "locked",
  "closed, answering null",
] as const
const POLICIES = ["error", "reuse", "rotate"] as const

interface State {
  readonly file: (typeof FILES)[number]
  readonly record: (typeof RECORDS)[number]
  readonly key: (typeof KEYS)[number]
  readonly policy: (typeof POLICIES)[number]
}

const recordOf = (place: string): Record<string, unknown> =>
  JSON.parse(readFileSync(`${pathIn(place)}.record.json`, "utf8"))

const makeFiles = ({ file, record }: State): string => {
  const place = freshPlace()
  cpSync(original, place, { recursive: true })
  const path = pathIn(place)
  for (const sidecar of ["-wal", "-shm"]) rmSync(path + sidecar, { force: true })
  if (file === "absent") rmSync(path)
  if (file === "empty") truncateSync(path)
  if (file === "plaintext") {
    const page = new Uint8Array(4096)
    page.set(new TextEncoder().encode("SQLite format 3\0"))
    writeFileSync(path, page)
  }
  const written = recordOf(place)
  const state = record.endsWith("creating") ? "creating" : "ready"
  const change = record.startsWith("foreign") ? { check: recordOf(foreign)["check"] } : {}
  const backend = record === "another backend" ? { backend: "wrapped-file" } : {}
  if (record === "absent") rmSync(`${path}.record.json`)
  else {
    writeFileSync(
      `${path}.record.json`,
      JSON.stringify({ ...written, state, ...change, ...backend }),
    )
  }
  return place
}

const makeStore = ({ key }: State): MemoryKeyring.MemoryKeyStore => {
  const made = MemoryKeyring.make({
    absence: key === "closed, answering null" ? "may-be-closed" : "certain",
  })
  if (key === "another") made.plant(name, OTHER_KEY)
  else if (key === "corrupt") made.plant(name, new TextEncoder().encode("not a key"))
  else if (key !== "absent") made.plant(name, KEY)
  if (key === "locked") made.close("fails")
  if (key === "closed, answering null") made.close("answers-null")
  return made
}

const title = (state: State) => Object.values(state).join(" / ")

/** Opens in one state and holds everything against the rules. */
const check = async (state: State): Promise<void> => {
  const place = makeFiles(state)
  const keys = makeStore(state)
  const [entry, content] = [entryOf(keys), contentOf(place)]
  const outcome = await open(place, keys, state.policy)
  const opened = typeof outcome === "number"
  keys.open()

  // A refusal changes no key and no content.
  if (!opened) assert.equal(entryOf(keys), entry, `${title(state)}: ${outcome}, key changed`)
  if (!opened && state.file !== "absent") assert.equal(contentOf(place), content, title(state))
  // A key that cannot be read is never written over.
  if (["corrupt", "locked", "closed, answering null"].includes(state.key)) {
    assert.equal(opened, false, title(state))
  }
  // A database with content never gets another key, under no policy.
  if (state.file === "encrypted" || state.file === "plaintext") {
    assert.equal(entryOf(keys), entry, `${title(state)}: the key of a database changed`)
  }
  if (state.file === "plaintext") assert.equal(opened, false, title(state))
  if (state.file === "encrypted") {
    assert.equal(
      opened,
      state.key === "present" && state.record !== "another backend",
      title(state),
    )
    if (opened) assert.equal(outcome, 1)
  }
  if (state.file === "absent" || state.file === "empty") {
    const isResumed = (state.record === "matching creating" && state.key === "present") ||
      (state.record === "foreign creating" && state.key === "another")
    // An existing key survives unless the caller asked for another one.
    if (state.policy !== "rotate" && entry !== "none") assert.equal(entryOf(keys), entry)
    if (state.policy === "error" && entry !== "none" && !isResumed) {
      assert.equal(opened, false, title(state))
    }
    // An interrupted creation goes on with its own key, under every policy.
    if (isResumed) assert.deepEqual([opened, entryOf(keys)], [true, entry], title(state))
    // What was made can be opened again, with the key that is in the store.
    if (opened) assert.equal(await open(place, keys, "error"), 0, title(state))
  }
  rmSync(place, { recursive: true })
}

describe("the state space of opening", () => {
  for (const file of FILES) {
    const states = RECORDS.flatMap((record) =>
      KEYS.flatMap((key) => POLICIES.map((policy): State => ({ file, record, key, policy })))
    )
    it(`${states.length} states with a file that is ${file}`, { timeout: 600_000 }, async () => {
      for (const state of states) await check(state)
    })
  }
})

type Act =
  | { readonly act: "open"; readonly policy: ExistingKeyPolicy }
  | { readonly act: "close store"; readonly answer: "fails" | "answers-null" }
  | { readonly act: "open store" }
  | { readonly act: "unmount" }
  | { readonly act: "mount" }
  | {
    readonly act: "fault"
    readonly step: "read" | "write" | "remove"
    readonly fault: "lost" | "half" | "locked" | "unavailable" | "vanished" | "null"
    readonly after: number
  }

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ act: fc.constant("open"), policy: fc.constantFrom("error", "reuse") }),
  },
  fc.record({ act: fc.constant("close store"), answer: fc.constantFrom("fails", "answers-null") }),
  { weight: 2, arbitrary: fc.record({ act: fc.constant("open store") }) },
  fc.record({ act: fc.constant("unmount") }),
  { weight: 2, arbitrary: fc.record({ act: fc.constant("mount") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant("fault"),
      step: fc.constantFrom("read", "write", "remove"),
      fault: fc.constantFrom("lost", "half", "locked", "unavailable", "vanished", "null"),
      after: fc.nat(4),
    }),
  },
)

describe("random histories", () => {
  const runs = Number(process.env["MDK_STATE_RUNS"] ?? 60)
  it(
    `no database with rows is ever without its key, ${runs} runs`,
    { timeout: 600_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom<"certain" | "may-be-closed">("certain", "may-be-closed"),
          fc.array(act, { minLength: 1, maxLength: 14 }),
          async (absence, acts) => {
            const place = freshPlace()
            const elsewhere = `${place}-unmounted`
            const keys = MemoryKeyring.make({ absence })
            let rows = 0
            let mounted = true
            for (const [i, one] of acts.entries()) {
              switch (one.act) {
                case "open": {
                  const outcome = await open(
                    place,
                    keys,
                    one.policy,
                    mounted ? `row-${i}` : undefined,
                  )
                  if (mounted && typeof outcome === "number") {
                    rows += 1
                    assert.equal(outcome, rows)
                  }
                  break
                }
                case "close store":
                  keys.close(one.answer)
                  break
                case "open store":
                  keys.open()
                  break
                case "fault":
                  keys.inject(one)
                  break
                case "unmount":
                  // Only a database with rows is worth missing.
                  if (mounted && rows > 0) {
                    renameSync(place, elsewhere)
                    mounted = false
                  }
                  break
                case "mount":
                  if (!mounted) {
                    rmSync(place, { recursive: true, force: true })
                    renameSync(elsewhere, place)
                    mounted = true
                  }
              }
            }
            if (!mounted) {
              rmSync(place, { recursive: true, force: true })
              renameSync(elsewhere, place)
            }
            keys.open()
            keys.clearFaults()
            const last = await open(place, keys, "error")
            if (rows > 0) assert.equal(last, rows)
            rmSync(place, { recursive: true, force: true })
          },
        ),
        { numRuns: runs },
      )
      assert.deepEqual(readdirSync(parent).filter((entry) => entry.endsWith("-unmounted")), [])
    },
  )
})
