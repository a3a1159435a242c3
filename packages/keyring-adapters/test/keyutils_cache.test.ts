/**
 * The cache in front of a durable store, over a store in memory, and over the kernel where it lets us.
 *
 * @module
 */
import { KeyutilsCache, MemoryKeyring } from "@mdk/keyring-adapters"
import type { KeyStoreService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import assert from "node:assert/strict"
import process from "node:process"
import { describe, it } from "node:test"
import { drop, makeOver } from "../src/keyutils/keyutils_cache.ts"
import { fillOf, hide, name, reasonOf } from "./support/outcome.ts"

const { runPromise } = Effect
const both = () => {
  const cache = MemoryKeyring.make()
  const durable = MemoryKeyring.make()
  return { cache, durable, store: makeOver(cache.service, durable.service) }
}
const change = { expected: hide(1), next: hide(2) }
const isUsable = Result.isSuccess(
  await runPromise(Effect.result(KeyutilsCache.make({ durable: MemoryKeyring.make().service }))),
)
const kernel = { skip: !isUsable && "the kernel's keys cannot be used here" }

describe("the cache of the kernel", () => {
  it("asks the durable store once, and again after it forgot", async () => {
    const { cache, durable, store } = both()
    await runPromise(durable.service.createIfAbsent(name, hide(1)))
    assert.equal(await fillOf(store), 1)
    await runPromise(durable.service.replace(name, change))
    assert.equal(await fillOf(store), 1)

    assert.equal(await runPromise(drop(cache.service, name, "delete")), true)
    assert.equal(await fillOf(store), 2)
    assert.equal(await fillOf(durable.service), 2)
    assert.equal(await fillOf(cache.service), 2)
    await runPromise(drop(cache.service, name, "delete"))
    assert.equal(await runPromise(drop(cache.service, name, "delete")), false)
  })

  it("answers what was replaced through it", async () => {
    const { durable, store } = both()
    await runPromise(store.createIfAbsent(name, hide(1)))
    await runPromise(store.replace(name, change))
    assert.equal(await fillOf(store), 2)
    assert.equal(await fillOf(durable.service), 2)
    assert.equal(await runPromise(store.delete(name)), true)
    assert.equal(await fillOf(store), undefined)
  })

  it("keeps no key that another program read before a replacement and stored during it", async () => {
    const { cache, durable } = both()
    // The other program's write comes between the replacement and what the cache does after it.
    const interleaved: KeyStoreService = {
      ...durable.service,
      replace: (at, wanted) =>
        Effect.andThen(
          durable.service.replace(at, wanted),
          Effect.asVoid(Effect.orDie(cache.service.createIfAbsent(at, hide(1)))),
        ),
    }
    const store = makeOver(cache.service, interleaved)
    await runPromise(store.createIfAbsent(name, hide(1)))
    await runPromise(store.replace(name, change))
    assert.equal(await fillOf(store), 2)
  })

  it("is passed over when it is closed, but does not keep what is replaced", async () => {
    const { cache, durable, store } = both()
    await runPromise(store.createIfAbsent(name, hide(1)))
    cache.close("fails")
    assert.equal(await fillOf(store), 1)
    cache.open()
    assert.equal(await fillOf(store), 1)
    cache.inject({ step: "remove", fault: "unavailable" })
    assert.equal(await reasonOf(store.replace(name, change)), "unavailable")
    assert.equal(await fillOf(durable.service), 1)
  })

  it("of this session forgets", kernel, async () => {
    const durable = MemoryKeyring.make().service
    const at = { ...name, keyId: `db.${process.pid}.${process.hrtime.bigint()}` }
    await runPromise(durable.createIfAbsent(at, hide(1)))
    const store = await runPromise(KeyutilsCache.make({ durable }))
    try {
      assert.equal(await fillOf(store, at), 1)
      await runPromise(durable.replace(at, change))
      assert.equal(await fillOf(store, at), 1)
      assert.equal(await runPromise(KeyutilsCache.forget(at)), true)
      assert.equal(await fillOf(store, at), 2)
    } finally {
      await runPromise(KeyutilsCache.forget(at))
    }
    assert.equal(await runPromise(KeyutilsCache.forget(at)), false)
    assert.ok(Option.isSome(await runPromise(durable.get(at))))
  })
})
