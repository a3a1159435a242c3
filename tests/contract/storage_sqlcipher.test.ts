import { layerMemory, layerWithKey } from "@mdk/storage-sqlcipher"
import { storageContract, type StorageSubject } from "@mdk/testing"
import * as Redacted from "effect/Redacted"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const key = Redacted.make(new Uint8Array(32).fill(7))

const subjectIn = (root: string): StorageSubject => ({
  layer: layerWithKey({ path: join(root, "account", "chat.db"), key }),
  copy: () => {
    const copy = mkdtempSync(join(tmpdir(), "mdk-contract-"))
    cpSync(join(root, "account"), join(copy, "account"), { recursive: true })
    return Promise.resolve(subjectIn(copy))
  },
  dispose: () => {
    rmSync(root, { recursive: true, force: true })
    return Promise.resolve()
  },
})

storageContract(
  "sqlcipher",
  () => Promise.resolve(subjectIn(mkdtempSync(join(tmpdir(), "mdk-contract-")))),
)
