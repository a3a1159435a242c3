/**
 * Wrapped key files: modes, bounds, damage, passphrases, crashes.
 *
 * Most tests use parameters that are too weak for real use and quick enough for a test.
 *
 * @module
 */
import { KeyStore, systemEntropy } from "@mdk/core/services"
import { Passphrase, WrappedFile } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { holdPassphrase } from "../src/passphrase/held_passphrase.ts"
import { changeOver } from "../src/wrapped_file/change_passphrase.ts"
import { decodeFile } from "../src/wrapped_file/file_format.ts"
import { openFolder } from "../src/wrapped_file/folder_vault.ts"
import {
  type KeyFile,
  readCurrent,
  stemOf,
  writeGeneration,
} from "../src/wrapped_file/key_folder.ts"
import { makeOver } from "../src/wrapped_file/wrapped_file_store.ts"
import { fillOf, hide, key, name, reasonOf } from "./support/outcome.ts"
import { temporaryFolder } from "./support/temporary_folder.ts"

const parent = temporaryFolder()
const QUICK = { memoryKiB: 32, passes: 1, lanes: 1 }
let folders = 0
const freshFolder = () => join(parent, `keys-${folders++}`)
const say = (text: string) => Passphrase.fromCallback(() => Promise.resolve(text))

/** A store whose scope stays open until the process ends. */
const open = async (folder: string, source = say("correct horse"), parameters = QUICK) => {
  const scope = Scope.makeUnsafe()
  return await Effect.runPromise(
    Effect.gen(function* () {
      yield* openFolder(folder)
      const held = yield* holdPassphrase(source)
      return makeOver({ folder, parameters, entropy: systemEntropy }, held)
    }).pipe(Scope.provide(scope)),
  )
}
const settingsOf = (folder: string, parameters = QUICK) => ({
  folder,
  parameters,
  entropy: systemEntropy,
})
const keyFiles = (folder: string) => readdirSync(folder).filter((file) => file.endsWith(".mdkkey"))
const onlyFile = (folder: string) => {
  const [file, ...more] = keyFiles(folder)
  assert.equal(more.length, 0)
  return join(folder, file ?? "")
}
const posix = { skip: process.platform === "win32" && "modes are not those of Windows" }
const create = async (folder: string, fill = 1) => {
  const store = await open(folder)
  await Effect.runPromise(store.createIfAbsent(name, hide(fill)))
  return store
}

describe("wrapped file", () => {
  it("file 0600 in folder 0700 whatever the umask", posix, async () => {
    for (const mask of [0, 0o022, 0o777 & ~0o700]) {
      const before = process.umask(mask)
      try {
        const folder = freshFolder()
        const store = await create(folder)
        assert.equal(statSync(folder).mode & 0o777, 0o700)
        assert.equal(statSync(onlyFile(folder)).mode & 0o777, 0o600)
        await Effect.runPromise(store.replace(name, { expected: hide(1), next: hide(2) }))
        assert.equal(statSync(onlyFile(folder)).mode & 0o777, 0o600)
        assert.deepEqual(readdirSync(folder).length, 1)
      } finally {
        process.umask(before)
      }
    }
  })

  it("refuses folders and files that others can reach, and links", posix, async () => {
    const folder = freshFolder()
    const store = await create(folder)
    const file = onlyFile(folder)
    chmodSync(folder, 0o750)
    await assert.rejects(open(folder), /key store: open failed: unavailable/)
    chmodSync(folder, 0o700)
    chmodSync(file, 0o640)
    assert.equal(await reasonOf(store.get(name)), "unavailable")
    chmodSync(file, 0o600)
    assert.equal(await fillOf(store), 1)
    renameSync(file, join(folder, "elsewhere"))
    symlinkSync(join(folder, "elsewhere"), file)
    assert.equal(await reasonOf(store.get(name)), "unavailable")
    const link = freshFolder()
    symlinkSync(folder, link)
    await assert.rejects(open(link), /unavailable/)
    const plain = freshFolder()
    writeFileSync(plain, "")
    await assert.rejects(open(plain), /unavailable/)
  })

  it("holds neither the key nor the passphrase in clear", async () => {
    const folder = freshFolder()
    await create(folder, 0xa7)
    const bytes = readFileSync(onlyFile(folder))
    assert.equal(bytes.includes(Buffer.from(key(0xa7).subarray(0, 8))), false)
    assert.equal(bytes.includes("correct horse"), false)
  })

  it("a wrong passphrase is told from damage, and asked for again", async () => {
    const folder = freshFolder()
    await create(folder)
    let asked = 0
    const store = await open(
      folder,
      Passphrase.fromCallback(() => Promise.resolve(asked++ === 0 ? "wrong" : "correct horse")),
    )
    assert.equal(await reasonOf(store.get(name)), "wrong-passphrase")
    assert.equal(await fillOf(store), 1)
    assert.equal(await fillOf(store), 1)
    assert.equal(asked, 2)
  })

  it("a second key is not created under another passphrase than the first", async () => {
    const folder = freshFolder()
    await create(folder)
    const store = await open(folder, say("mistyped"))
    const other = { ...name, keyId: "other" }
    assert.equal(await reasonOf(store.createIfAbsent(other, hide(2))), "wrong-passphrase")
    assert.equal(keyFiles(folder).length, 1)
  })

  it("any changed or missing byte is an error, never another key", async () => {
    const folder = freshFolder()
    const store = await create(folder)
    const file = onlyFile(folder)
    const good = readFileSync(file)
    for (let at = 0; at < good.length; at++) {
      const bad = Uint8Array.from(good)
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(file, bad)
      assert.equal(await reasonOf(store.get(name)), "corrupt")
      assert.equal(await reasonOf(store.createIfAbsent(name, hide(9))), "corrupt")
    }
    for (const length of [0, 1, 59, good.length - 1]) {
      writeFileSync(file, good.subarray(0, length))
      assert.equal(await reasonOf(store.get(name)), "corrupt")
    }
    writeFileSync(file, new Uint8Array(10_000_000))
    assert.equal(await reasonOf(store.get(name)), "corrupt")
    writeFileSync(file, good)
    assert.equal(await fillOf(store), 1)
  })

  it("a file does not work under another name", async () => {
    const folder = freshFolder()
    const store = await create(folder)
    const other = { ...name, keyId: "other" }
    await Effect.runPromise(store.createIfAbsent(other, hide(2)))
    const [first = "", second = ""] = keyFiles(folder).map((file) => join(folder, file))
    const bytes = readFileSync(first)
    writeFileSync(first, readFileSync(second))
    writeFileSync(second, bytes)
    assert.equal(await reasonOf(store.get(name)), "corrupt")
    assert.equal(await reasonOf(store.get(other)), "corrupt")
  })

  it("parameters beyond the bounds are refused before any work", async () => {
    const folder = freshFolder()
    const store = await create(folder)
    const file = onlyFile(folder)
    const good = Uint8Array.from(readFileSync(file))
    for (
      const [memoryKiB, passes, lanes] of [
        [0xffffffff, 1, 1],
        [1_048_577, 1, 1],
        [1_048_576, 5, 1],
        [32, 17, 1],
        [32, 0, 1],
        [32, 1, 0],
        [7, 1, 1],
        [128, 1, 17],
      ] as const
    ) {
      writeFileSync(file, await withParameters(good, memoryKiB, passes, lanes))
      assert.equal(await reasonOf(store.get(name)), "corrupt")
    }
    const options = { directory: folder, passphrase: say("x") }
    for (
      const argon2 of [QUICK, { memoryKiB: 19_455, passes: 2, lanes: 1 }, {
        memoryKiB: 2_097_152,
        passes: 3,
        lanes: 4,
      }, { memoryKiB: NaN, passes: 3, lanes: 4 }]
    ) {
      const made = Effect.scoped(WrappedFile.make({ ...options, argon2 }))
      assert.equal(await reasonOf(made), "unavailable")
    }
  })

  it("a newer format is named as such and left alone", async () => {
    const folder = freshFolder()
    const store = await create(folder)
    const bytes = Uint8Array.from(readFileSync(onlyFile(folder)))
    bytes[8] = 2
    assert.equal(await decodeFile(bytes), "newer")
    writeFileSync(onlyFile(folder), bytes)
    assert.equal(await reasonOf(store.get(name)), "corrupt")
  })

  it("parameters are raised when a file is written again, and never lowered", async () => {
    const folder = freshFolder()
    await create(folder)
    const strong = { memoryKiB: 64, passes: 2, lanes: 2 }
    const change = (parameters: typeof QUICK) =>
      Effect.runPromise(
        changeOver(settingsOf(folder, parameters), {
          current: say("correct horse"),
          next: say("correct horse"),
        }),
      )
    assert.equal(await change(strong), 1)
    assert.deepEqual(await parametersOf(folder), strong)
    assert.equal(await change(QUICK), 1)
    assert.deepEqual(await parametersOf(folder), strong)
    assert.equal(await fillOf(await open(folder)), 1)
  })

  it("a file of version 1 stays readable", async () => {
    const folder = freshFolder()
    const store = await open(folder, say("stability"))
    await Effect.runPromise(store.createIfAbsent(name, hide(1)))
    const file = onlyFile(folder)
    writeFileSync(file, Uint8Array.from(atob(VERSION_1), (character) => character.charCodeAt(0)))
    assert.equal(await fillOf(store), 0x5a)
  })
})

describe("passphrase change of wrapped files", () => {
  const change = (folder: string, from: string, to: string) =>
    changeOver(settingsOf(folder), { current: say(from), next: say(to) })
  const filled = async () => {
    const folder = freshFolder()
    const store = await open(folder)
    for (const [i, keyId] of ["a", "b", "c"].entries()) {
      await Effect.runPromise(store.createIfAbsent({ ...name, keyId }, hide(i + 1)))
    }
    return folder
  }
  const fills = async (folder: string, passphrase: string) => {
    const store = await open(folder, say(passphrase))
    return [
      await fillOf(store, { ...name, keyId: "a" }),
      await fillOf(store, { ...name, keyId: "b" }),
      await fillOf(store, { ...name, keyId: "c" }),
    ]
  }

  it("moves every key and leaves one file each", async () => {
    const folder = await filled()
    assert.equal(await Effect.runPromise(change(folder, "correct horse", "new")), 3)
    assert.deepEqual(await fills(folder, "new"), [1, 2, 3])
    assert.equal(keyFiles(folder).length, 3)
    const old = await open(folder)
    assert.equal(await reasonOf(old.get({ ...name, keyId: "a" })), "wrong-passphrase")
  })

  it("changes nothing when the current passphrase is wrong", async () => {
    const folder = await filled()
    const before = keyFiles(folder).map((file) => readFileSync(join(folder, file), "hex"))
    assert.equal(await reasonOf(change(folder, "wrong", "new")), "wrong-passphrase")
    assert.deepEqual(
      keyFiles(folder).map((file) => readFileSync(join(folder, file), "hex")),
      before,
    )
    assert.equal(await reasonOf(change(freshEmpty(), "a", "b")), "missing")
  })

  it("an interrupted change is finished by repeating it", async () => {
    const folder = await filled()
    const [first = ""] = keyFiles(folder)
    const moved = join(folder, first)
    // The state of a change that was killed after its first key.
    const one = freshFolder()
    await open(one)
    linkSync(moved, join(one, first))
    await Effect.runPromise(change(one, "correct horse", "new"))
    rmSync(moved)
    for (const file of keyFiles(one)) renameSync(join(one, file), join(folder, file))
    assert.equal(await Effect.runPromise(change(folder, "correct horse", "new")), 3)
    assert.deepEqual(await fills(folder, "new"), [1, 2, 3])
  })

  const freshEmpty = () => {
    const folder = freshFolder()
    mkdirSync(folder, { mode: 0o700 })
    return folder
  }
})

describe("wrapped files without turns", () => {
  it("of writers that know nothing of each other one wins each generation", async () => {
    const folder = freshFolder()
    await open(folder)
    const stem = await stemOf(name)
    const write = (previous: KeyFile | undefined) =>
      Promise.all(
        Array.from({ length: 16 }, (_, i) =>
          writeGeneration(folder, stem, previous, Uint8Array.of(i), systemEntropy.bytes(8))),
      )
    let previous: KeyFile | undefined
    for (const generation of [1, 2, 3]) {
      assert.equal((await write(previous)).filter((won) => won).length, 1)
      assert.equal(readdirSync(folder).length, 1)
      previous = (await readCurrent(folder, stem))?.file
      assert.equal(previous?.generation, generation)
    }
  })
})

describe("wrapped files as they are used", () => {
  it("open with the recommended work, and with the least", { timeout: 120_000 }, async () => {
    for (const argon2 of [undefined, { memoryKiB: 19_456, passes: 2, lanes: 1 }]) {
      const directory = freshFolder()
      const parameters = argon2 === undefined ? {} : { argon2 }
      const options = { directory, passphrase: say("correct horse"), ...parameters }
      const made = await Effect.runPromise(
        KeyStore.use((store) => store.createIfAbsent(name, hide(7))).pipe(
          Effect.provide(WrappedFile.layer(options)),
        ),
      )
      assert.equal(made.created, true)
      const changed = WrappedFile.changePassphrase({
        directory,
        current: say("correct horse"),
        next: say("battery staple"),
        ...parameters,
      })
      assert.equal(await Effect.runPromise(changed), 1)
      assert.deepEqual(
        await parametersOf(directory),
        argon2 ?? { memoryKiB: 65_536, passes: 3, lanes: 4 },
      )
      const wrong = KeyStore.use((store) => store.get(name)).pipe(
        Effect.provide(WrappedFile.layer(options)),
      )
      assert.equal(await reasonOf(wrong), "wrong-passphrase")
    }
  })
})

describe("crashes while wrapped files are written", () => {
  it("temporary files of killed processes go after an hour", async () => {
    const folder = freshFolder()
    await create(folder)
    const stem = "0".repeat(32)
    const [young, old] = ["1", "2"].map((digit) => join(folder, `.${stem}.${digit.repeat(16)}.tmp`))
    assert.ok(young !== undefined && old !== undefined)
    for (const path of [young, old]) writeFileSync(path, "half")
    utimesSync(old, 1, 1)
    assert.equal(await fillOf(await open(folder)), 1)
    assert.deepEqual([existsSync(young), existsSync(old)], [true, false])
  })

  it("the old passphrase opens nothing any more after a change that was killed at its end", async () => {
    const folder = freshFolder()
    await create(folder)
    const before = onlyFile(folder)
    const bytes = readFileSync(before)
    await Effect.runPromise(changeOver(
      { folder, parameters: QUICK, entropy: systemEntropy },
      { current: say("correct horse"), next: say("another phrase") },
    ))
    // Killed after the newer generation had its name, before the older one was removed.
    writeFileSync(before, bytes, { mode: 0o600 })
    assert.equal(await fillOf(await open(folder, say("another phrase"))), 1)
    assert.equal(existsSync(before), false)
    assert.equal(keyFiles(folder).length, 1)
  })

  it("of two generations the newer one counts, and the older one goes with the next write", async () => {
    const folder = freshFolder()
    const store = await create(folder)
    const first = onlyFile(folder)
    const bytes = readFileSync(first)
    await Effect.runPromise(store.replace(name, { expected: hide(1), next: hide(2) }))
    // Killed after the newer generation was durable, before the older one was removed.
    writeFileSync(first, bytes, { mode: 0o600 })
    assert.equal(await fillOf(store), 2)
    assert.equal(keyFiles(folder).length, 2)
    await Effect.runPromise(store.replace(name, { expected: hide(2), next: hide(3) }))
    assert.equal(keyFiles(folder).length, 1)
    assert.equal(await fillOf(store), 3)
    writeFileSync(first, bytes, { mode: 0o600 })
    assert.equal(await Effect.runPromise(store.delete(name)), true)
    assert.equal(await fillOf(store), undefined)
  })
})

const parametersOf = async (folder: string) => {
  const parsed = await decodeFile(Uint8Array.from(readFileSync(onlyFile(folder))))
  return typeof parsed === "string" ? parsed : parsed.parameters
}

/** Changes the parameters and makes the checksum fit. */
const withParameters = async (
  file: Uint8Array,
  memoryKiB: number,
  passes: number,
  lanes: number,
): Promise<Uint8Array> => {
  const changed = file.slice()
  const view = new DataView(changed.buffer)
  view.setUint32(10, memoryKiB)
  view.setUint32(14, passes)
  changed[18] = lanes
  const body = changed.slice(0, -32)
  changed.set(new Uint8Array(await crypto.subtle.digest("SHA-256", body)), body.length)
  return changed
}

/** Passphrase `stability`, 32 KiB, one pass, one lane; the key is 32 bytes of 0x5a. */
const VERSION_1 =
  "bWRrLXdyYXABAQAAACAAAAABAQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicQb3JnLmV4YW1wbGUudGVzdAJkYiFJCpsDhdsqBWBG6bpUp36hfZXML8nBFdfWlLyxwl4k5B3mszjH6AHGfVQpsZAnx3/AdrMM35tOleeznEK+s0c/nMCyLJszP9UGkM/8Uiu3"
