/**
 * The entries that the published Rust MDK wrote are read, and what is written is what it writes.
 *
 * @module
 */
import { MemoryKeyring } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { needsVectors, vectorFolder } from "../vectors/vector_files.ts"

interface KeyringVectors {
  readonly schema: string
  readonly entries: ReadonlyArray<
    { service: string; user: string; secret_hex: string; decoded_key: string }
  >
  readonly derived_examples: ReadonlyArray<{ key: string; entry: string }>
}

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"))

describe("entries of the Rust MDK 0.8", needsVectors("mdk-0.8"), () => {
  const vectors = (): KeyringVectors =>
    JSON.parse(readFileSync(join(vectorFolder("mdk-0.8") ?? "", "keyring.json"), "utf8"))
  const read = async (entry: Uint8Array, name = { serviceId: "s", keyId: "k" }) => {
    const store = MemoryKeyring.make()
    store.plant(name, entry)
    const key = await Effect.runPromise(store.service.get(name))
    return Buffer.from(Redacted.value(Option.getOrThrow(key))).toString("hex")
  }

  it("are read", async () => {
    const { entries, schema } = vectors()
    assert.equal(schema, "mdk-0.8-keyring/1")
    assert.equal(entries.length, 2)
    for (const { service, user, secret_hex, decoded_key } of entries) {
      const name = { serviceId: service, keyId: user }
      assert.equal(await read(bytes(secret_hex), name), decoded_key)
    }
  })

  it("are written", async () => {
    const { derived_examples, entries } = vectors()
    const expected = [
      ...derived_examples.map(({ key, entry }) => [key, entry] as const),
      ...entries.map(({ decoded_key, secret_hex }) =>
        [decoded_key, Buffer.from(secret_hex, "hex").toString()] as const
      ),
    ]
    for (const [key, entry] of expected) {
      assert.equal(await read(new TextEncoder().encode(entry)), key)
      const store = MemoryKeyring.make()
      const name = { serviceId: "s", keyId: "k" }
      const made = await Effect.runPromise(
        Effect.result(store.service.createIfAbsent(name, Redacted.make(bytes(key)))),
      )
      // A key of zeros is read, but never stored.
      assert.equal(made._tag, /^0+$/.test(key) ? "Failure" : "Success")
      if (made._tag === "Success") {
        assert.equal(new TextDecoder().decode(store.peek(name)), entry)
      }
    }
  })
})
