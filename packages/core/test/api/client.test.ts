import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Event, MdkClient, MdkService } from "../../src/api/mod.ts"

type Names<T> = { readonly [K in keyof T]: T[K] extends (...a: never) => unknown ? K : K }[keyof T]
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false
const holds = <T extends true>(value: T): T => value

describe("the Promise front", () => {
  it("has every name of the service, and no other", () => {
    assert.ok(holds<Same<Names<MdkClient["messages"]>, Names<MdkService["messages"]>>>(true))
    assert.ok(holds<Same<Names<MdkClient["groups"]>, Names<MdkService["groups"]>>>(true))
    assert.ok(holds<Same<Names<MdkClient["invites"]>, Names<MdkService["invites"]>>>(true))
    assert.ok(holds<Same<Names<MdkClient["account"]>, Names<MdkService["account"]>>>(true))
    assert.ok(holds<Same<Names<MdkClient["events"]>, Names<MdkService["events"]>>>(true))
  })

  it("turns effects into promises and streams into iterables", () => {
    type Sent = Awaited<ReturnType<MdkClient["messages"]["send"]>>
    assert.ok(holds<Same<Awaited<ReturnType<Sent["published"]>>["accepted"], number>>(true))
    assert.ok(holds<Same<MdkClient["events"]["live"], AsyncIterable<Event>>>(true))
    assert.ok(
      holds<Same<MdkClient["account"]["publicKey"], MdkService["account"]["publicKey"]>>(true),
    )
  })
})
