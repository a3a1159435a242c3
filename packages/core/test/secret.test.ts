import assert from "node:assert/strict"
import { test } from "node:test"
import { inspect } from "node:util"
import { equalBytes, Secret } from "../src/crypto/secret.ts"

test("a secret prints as nothing", () => {
  const secret = Secret.take(new Uint8Array([222, 173, 190, 239]))
  for (
    const text of [
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ secret }, { depth: 9, showHidden: true }),
      `${secret}`,
    ]
  ) {
    assert.match(text, /<secret>/)
    assert.doesNotMatch(text, /222|173|dead/i)
  }
})

test("wiping zeroes the owner's buffer and ends every access", () => {
  const bytes = new Uint8Array([1, 2, 3])
  const secret = Secret.take(bytes)
  const clone = secret.clone()
  secret.wipe()
  secret.wipe()
  assert.deepEqual(bytes, new Uint8Array(3))
  assert.equal(secret.wiped, true)
  assert.throws(() => secret.bytes, TypeError)
  assert.throws(() => secret.equals(clone), TypeError)
  assert.deepEqual(clone.bytes, new Uint8Array([1, 2, 3]))
})

test("comparison looks at every byte and at the length", () => {
  const secret = Secret.copyOf(new Uint8Array([1, 2, 3]))
  assert.equal(secret.equals(new Uint8Array([1, 2, 3])), true)
  assert.equal(secret.equals(new Uint8Array([1, 2, 4])), false)
  assert.equal(equalBytes(new Uint8Array(2), new Uint8Array(3)), false)
})
