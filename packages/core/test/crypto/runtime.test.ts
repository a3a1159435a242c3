import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import process from "node:process"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { defaultCryptoProvider, findNodeCrypto } from "../../src/crypto/mod.ts"

test("the runtime's own library is chosen", () => {
  assert.equal(defaultCryptoProvider().name, "node")
  assert.equal(defaultCryptoProvider(), defaultCryptoProvider())
})

test("a runtime without node:crypto is no error", () => {
  const { getBuiltinModule } = process
  try {
    Object.assign(process, { getBuiltinModule: undefined })
    assert.equal(findNodeCrypto(), undefined)
  } finally {
    Object.assign(process, { getBuiltinModule })
  }
  assert.notEqual(findNodeCrypto(), undefined)
})

// Only Deno can show it; elsewhere every program may do everything.
if (process.versions["deno"] !== undefined) {
  test("no permission is needed", { timeout: 120_000 }, () => {
    const script = fileURLToPath(new URL("./without_permissions.ts", import.meta.url))
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["run", "--no-prompt", "--no-check", "--node-modules-dir=manual", script],
      { encoding: "utf8" },
    )
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^node: hello\n$/)
  })
}
