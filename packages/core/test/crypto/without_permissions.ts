/**
 * Uses the primitives and the MLS machine; a test runs it without any permission.
 *
 * @module
 */
import process from "node:process"
import {
  commit,
  createGroup,
  generateKeyPackage,
  join,
  processMessage,
  seal,
} from "../../src/mls/mod.ts"
import { defaultCryptoProvider } from "../../src/crypto/mod.ts"
import { systemEntropy } from "../../src/services/mod.ts"

const crypto = defaultCryptoProvider()
const entropy = systemEntropy
const person = (name: string) =>
  generateKeyPackage({
    crypto,
    entropy,
    identity: new TextEncoder().encode(name),
    capabilities: {
      versions: [1],
      cipherSuites: [1],
      extensions: [],
      proposals: [],
      credentials: [1],
    },
    leafExtensions: [],
    lifetime: { notBefore: 0n, notAfter: 7_000_000n },
  })
const bob = person("bob")
const alone = createGroup({
  crypto,
  entropy,
  groupId: entropy.bytes(16),
  creator: person("alice"),
  extensions: [],
})
const { next, welcome } = commit(alone, {
  entropy,
  proposals: [{ type: "add", keyPackage: bob.keyPackage }],
})
if (welcome === undefined) throw new Error("no welcome")
const { group } = join({ crypto, welcome, keyPackages: [bob] })
const { message } = seal(next, new TextEncoder().encode("hello"), { entropy })
const received = processMessage(group, message)
if (received.kind !== "application") throw new Error("no application data")
process.stdout.write(`${crypto.name}: ${new TextDecoder().decode(received.plaintext)}\n`)
