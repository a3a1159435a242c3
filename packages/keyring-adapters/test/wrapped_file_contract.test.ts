/**
 * The key store contract on wrapped files, with parameters that are too weak for real use and quick
 * enough for a test.
 *
 * @module
 */
import { systemEntropy } from "@mdk/core/services"
import { keyStoreContract } from "@mdk/testing"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after } from "node:test"
import { holdPassphrase } from "../src/passphrase/held_passphrase.ts"
import { fromCallback } from "../src/passphrase/source.ts"
import { openFolder } from "../src/wrapped_file/folder_vault.ts"
import { makeOver } from "../src/wrapped_file/wrapped_file_store.ts"

const parent = mkdtempSync(join(tmpdir(), "mdk-wrapped-"))
after(() => rmSync(parent, { recursive: true }))
const folder = join(parent, "keys")
const settings = {
  folder,
  parameters: { memoryKiB: 32, passes: 1, lanes: 1 },
  entropy: systemEntropy,
}

keyStoreContract({
  name: "wrapped-file",
  open: Effect.gen(function* () {
    yield* openFolder(folder)
    const held = yield* holdPassphrase(fromCallback(() => Promise.resolve("correct horse")))
    return makeOver(settings, held)
  }),
  serviceId: "org.example.contract",
  lists: true,
})
