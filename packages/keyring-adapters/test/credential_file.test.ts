/**
 * Keys that the system hands over as files.
 *
 * @module
 */
import { CredentialFile } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import assert from "node:assert/strict"
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { describe, it } from "node:test"
import { fillOf, hide, key, name, reasonOf } from "./support/outcome.ts"
import { temporaryFolder } from "./support/temporary_folder.ts"

const parent = temporaryFolder()
const ENTRY = `mdk-sqlite-key-v1:${"/".repeat(42)}8=`
let folders = 0
const folderWith = (content: string | Uint8Array, mode = 0o400) => {
  const folder = join(parent, String(folders++))
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, name.keyId), content)
  chmodSync(join(folder, name.keyId), mode)
  return folder
}
const systemd = (folder: string) => {
  process.env["CREDENTIALS_DIRECTORY"] = folder
  return Effect.runPromise(CredentialFile.make())
}
const mounted = (folder: string) =>
  Effect.runPromise(CredentialFile.make({ mountedDirectory: folder }))

describe(
  "credential files",
  { skip: process.platform === "win32" && "no such files there" },
  () => {
    it("read both formats, with or without a line ending", async () => {
      for (const content of [ENTRY, `${ENTRY}\n`, `${ENTRY}\r\n`]) {
        assert.equal(await fillOf(await systemd(folderWith(content))), 255)
      }
      assert.equal(await fillOf(await systemd(folderWith(key(10)))), 10)
      const broken = ["", "x", `${ENTRY}\n\n`, `${ENTRY} `, ` ${ENTRY}`, `${ENTRY}\n`.repeat(9)]
      for (const content of [...broken, key(1).slice(1), new Uint8Array(1_000_000)]) {
        const store = await systemd(folderWith(content))
        assert.equal(await reasonOf(store.get(name)), "corrupt")
      }
    })

    it("are never written", async () => {
      const store = await systemd(folderWith(ENTRY))
      const absent = { ...name, keyId: "absent" }
      assert.equal(await fillOf(store, absent), undefined)
      const made = await Effect.runPromise(store.createIfAbsent(name, hide(1)))
      assert.equal(made.created, false)
      assert.equal(await reasonOf(store.createIfAbsent(absent, hide(1))), "read-only")
      assert.equal(
        await reasonOf(store.replace(name, { expected: hide(1), next: hide(2) })),
        "read-only",
      )
      assert.equal(await reasonOf(store.delete(name)), "read-only")
      assert.equal(await Effect.runPromise(store.delete(absent)), false)
      assert.equal(await reasonOf(store.list(name.serviceId)), "unavailable")
      for (const keyId of ["..", ".", "../x", "a/b", "ключ"]) {
        assert.equal(await reasonOf(store.get({ ...name, keyId })), "invalid-name")
      }
    })

    it("of systemd have to be closed to others, and no links", async () => {
      delete process.env["CREDENTIALS_DIRECTORY"]
      assert.equal(await reasonOf(CredentialFile.make()), "unavailable")
      for (const mode of [0o400, 0o600, 0o440]) {
        assert.equal(await fillOf(await systemd(folderWith(ENTRY, mode))), 255)
      }
      for (const mode of [0o444, 0o460, 0o406]) {
        const store = await systemd(folderWith(ENTRY, mode))
        assert.equal(await reasonOf(store.get(name)), "unavailable")
      }
      const open = folderWith(ENTRY)
      chmodSync(open, 0o755)
      assert.equal(await reasonOf((await systemd(open)).get(name)), "unavailable")
      const linked = folderWith(ENTRY)
      renameSync(join(linked, name.keyId), join(linked, "target"))
      symlinkSync("target", join(linked, name.keyId))
      assert.equal(await reasonOf((await systemd(linked)).get(name)), "unavailable")
    })

    it("that are mounted may be readable, and links inside the folder, as Kubernetes makes them", async () => {
      assert.equal(await fillOf(await mounted(folderWith(ENTRY, 0o444))), 255)
      assert.equal(await fillOf(await mounted(folderWith(ENTRY, 0o644))), 255)
      for (const mode of [0o664, 0o646]) {
        const store = await mounted(folderWith(ENTRY, mode))
        assert.equal(await reasonOf(store.get(name)), "unavailable")
      }
      const folder = folderWith(ENTRY, 0o644)
      mkdirSync(join(folder, "..2026"))
      renameSync(join(folder, name.keyId), join(folder, "..2026", name.keyId))
      symlinkSync("..2026", join(folder, "..data"))
      symlinkSync(join("..data", name.keyId), join(folder, name.keyId))
      const store = await mounted(folder)
      assert.equal(await fillOf(store), 255)
      const outside = folderWith(ENTRY, 0o644)
      rmSync(join(folder, name.keyId))
      symlinkSync(join(outside, name.keyId), join(folder, name.keyId))
      assert.equal(await reasonOf(store.get(name)), "unavailable")
    })

    it("a pipe or a folder in the place of a file does not hang", async () => {
      const folder = folderWith(ENTRY)
      rmSync(join(folder, name.keyId))
      execFileSync("mkfifo", ["-m", "600", join(folder, name.keyId)])
      assert.equal(await reasonOf((await systemd(folder)).get(name)), "unavailable")
      rmSync(join(folder, name.keyId))
      mkdirSync(join(folder, name.keyId))
      assert.equal(await reasonOf((await systemd(folder)).get(name)), "unavailable")
    })
  },
)
