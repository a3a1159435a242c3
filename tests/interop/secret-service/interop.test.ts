/**
 * Entries of other programs, and ours in their eyes: `secret-tool`, Python's `secretstorage`, keytar,
 * Bun, and items shaped as the Rust MDK makes them.
 *
 * @module
 */
import { BunSecrets, KeyRecovery, Keytar, NativeKeyring } from "@mdk/keyring-adapters"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { needsVectors, vectorFolder } from "../../vectors/vector_files.ts"
import { isBun, keytar } from "./libraries.ts"
import {
  freshKey,
  inState,
  python,
  reasonOf,
  run,
  secretToolClear,
  secretToolLookup,
  secretToolStore,
} from "./secret_service.ts"

const serviceId = "org.example.interop"
let ids = 0
const freshName = () => ({ serviceId, keyId: `interop.${ids++}` })
const username = ({ serviceId, keyId }: { serviceId: string; keyId: string }) => [
  "service",
  serviceId,
  "username",
  keyId,
]
const account = ({ serviceId, keyId }: { serviceId: string; keyId: string }) => [
  "service",
  serviceId,
  "account",
  keyId,
]
const TEXT = `mdk-sqlite-key-v1:${"/".repeat(42)}8=`
const keyOf = async (
  store: Effect.Success<ReturnType<typeof NativeKeyring.make>>,
  name: { serviceId: string; keyId: string },
) =>
  Option.getOrUndefined(
    Option.map(
      await run(store.get(name)),
      (key) => Buffer.from(Redacted.value(key)).toString("hex"),
    ),
  )

/** Makes an item as `keyring-core` over zbus does: two attributes, its label, octets. */
const MDK_ITEM = `
import sys, secretstorage
service, user, secret = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
bus = secretstorage.dbus_init()
collection = secretstorage.get_default_collection(bus)
collection.create_item(
    f"keyring:{user}@{service}", {"service": service, "username": user}, secret,
    replace=True, content_type="application/octet-stream")
`
/** Looks for items as it does: exactly these attributes; prints count, label and secret. */
const MDK_SEARCH = `
import sys, secretstorage
service, user = sys.argv[1], sys.argv[2]
bus = secretstorage.dbus_init()
items = list(secretstorage.search_items(bus, {"service": service, "username": user}))
print(len(items), items[0].get_label(), items[0].get_secret().hex())
print(sorted(k for k in items[0].get_attributes() if k != "xdg:schema"))
`

inState(["unlocked"], () => {
  describe("Secret Service interop", () => {
    it("secret-tool reads what native wrote", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      const key = Redacted.make(new Uint8Array(32).fill(255))
      await run(store.createIfAbsent(name, key))
      assert.equal(new TextDecoder().decode(secretToolLookup(username(name))), TEXT)
      await run(store.delete(name))
      assert.equal(secretToolLookup(username(name)), undefined)
    })

    it("native reads, replaces and deletes what secret-tool wrote", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      secretToolStore(username(name), TEXT)
      assert.equal(await keyOf(store, name), "ff".repeat(32))
      const next = freshKey()
      await run(
        store.replace(name, { expected: Redacted.make(new Uint8Array(32).fill(255)), next }),
      )
      const text = new TextDecoder().decode(secretToolLookup(username(name)))
      assert.equal(
        text,
        `mdk-sqlite-key-v1:${Buffer.from(Redacted.value(next)).toString("base64")}`,
      )
      assert.equal(await run(store.delete(name)), true)
      assert.equal(secretToolLookup(username(name)), undefined)
    })

    it("native reads an item shaped as the Rust MDK makes it, of today and of old", async () => {
      const store = await run(NativeKeyring.make())
      const legacy = Buffer.from(Uint8Array.from({ length: 32 }, (_, i) => i === 31 ? 255 : i))
      for (
        const [secret, expected] of [
          [Buffer.from(TEXT), "ff".repeat(32)],
          [legacy, legacy.toString("hex")],
        ] as const
      ) {
        const name = freshName()
        python(MDK_ITEM, name.serviceId, name.keyId, secret.toString("hex"))
        assert.equal(await keyOf(store, name), expected)
        const kept = await run(store.createIfAbsent(name, freshKey()))
        assert.equal(kept.created, false)
        const found = python(MDK_SEARCH, name.serviceId, name.keyId)
        assert.match(found, new RegExp(`^1 \\S+ ${secret.toString("hex")}\\n`))
        assert.equal(await run(store.delete(name)), true)
      }
    })

    it("the Rust MDK's search finds what native wrote: one item, its attributes and label", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      const first = freshKey()
      await run(store.createIfAbsent(name, first))
      const next = Redacted.make(new Uint8Array(32).fill(255))
      await run(store.replace(name, { expected: first, next }))
      assert.equal(
        python(MDK_SEARCH, name.serviceId, name.keyId),
        `1 keyring:${name.keyId}@${name.serviceId} ${Buffer.from(TEXT).toString("hex")}\n` +
          "['service', 'username']\n",
      )
      await run(store.delete(name))
    })

    it("the entries of the published Rust MDK are read", needsVectors("mdk-0.8"), async () => {
      const store = await run(NativeKeyring.make())
      const path = join(vectorFolder("mdk-0.8") ?? "", "keyring.json")
      const { entries }: {
        entries: ReadonlyArray<
          { service: string; user: string; secret_hex: string; decoded_key: string }
        >
      } = JSON.parse(readFileSync(path, "utf8"))
      assert.ok(entries.length > 0)
      for (const { service, user, secret_hex, decoded_key } of entries) {
        python(MDK_ITEM, service, user, secret_hex)
        assert.equal(await keyOf(store, { serviceId: service, keyId: user }), decoded_key)
        await run(store.delete({ serviceId: service, keyId: user }))
      }
    })

    it("two items that match are never chosen from", async () => {
      const store = await run(NativeKeyring.make())
      const name = freshName()
      for (const other of ["one", "two"]) {
        secretToolStore([...username(name), "other", other], TEXT)
      }
      const change = { expected: freshKey(), next: freshKey() }
      assert.equal(await reasonOf(store.get(name)), "ambiguous")
      assert.equal(await reasonOf(store.createIfAbsent(name, freshKey())), "ambiguous")
      assert.equal(await reasonOf(store.replace(name, change)), "ambiguous")
      assert.equal(await reasonOf(store.delete(name)), "ambiguous")
      for (const other of ["one", "two"]) {
        const found = secretToolLookup([...username(name), "other", other])
        assert.equal(new TextDecoder().decode(found), TEXT)
      }
      secretToolClear(username(name))
      assert.equal(await keyOf(store, name), undefined)
    })

    it("who sees whose entries is as it was when this was written", async () => {
      const native = await run(NativeKeyring.make())
      const other = Keytar.make({ keytar: keytar() })
      const name = freshName()
      await run(native.createIfAbsent(name, freshKey()))
      assert.equal(await keyOf(other, name), undefined)
      assert.equal(secretToolLookup(account(name)), undefined)
      await run(native.delete(name))
      await run(other.createIfAbsent(name, freshKey()))
      assert.equal(await keyOf(native, name), undefined)
      assert.notEqual(secretToolLookup(account(name)), undefined)
      assert.equal(secretToolLookup(username(name)), undefined)
      if (isBun) {
        const bun = await run(BunSecrets.make())
        assert.equal(await keyOf(bun, name), undefined)
        await run(other.delete(name))
        await run(bun.createIfAbsent(name, freshKey()))
        assert.equal(await keyOf(native, name), undefined)
        assert.equal(await keyOf(other, name), undefined)
        await run(bun.delete(name))
      }
      await run(other.delete(name))
    })

    it("entries of keytar and of Bun are moved to native", async () => {
      const native = await run(NativeKeyring.make())
      const sources = [Keytar.make({ keytar: keytar() })]
      if (isBun) sources.push(await run(BunSecrets.make()))
      for (const source of sources) {
        const name = freshName()
        const key = freshKey()
        await run(source.createIfAbsent(name, key))
        const moved = await run(KeyRecovery.migrate(source, native, name))
        assert.deepEqual(moved, { copied: true, deleted: true })
        assert.equal(await keyOf(native, name), Buffer.from(Redacted.value(key)).toString("hex"))
        assert.equal(await keyOf(source, name), undefined)
        const twice = KeyRecovery.migrate(native, await run(NativeKeyring.make()), name)
        assert.equal(await reasonOf(twice), "backend-changed")
        assert.equal(await keyOf(native, name), Buffer.from(Redacted.value(key)).toString("hex"))
        await run(native.delete(name))
      }
    })
  })
})
