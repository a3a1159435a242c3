import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { inspect } from "node:util"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { GroupError, OpenError, ServiceError } from "../../src/api/mod.ts"
import { toOpenError, toServiceError } from "../../src/shell/failure.ts"
import { SignerError, StorageError, TransportError } from "../../src/services/mod.ts"

describe("errors of the public API", () => {
  it("say what can be done", () => {
    assert.equal(new ServiceError({ reason: "no-relay" }).retry, "same-call")
    assert.equal(new ServiceError({ reason: "closed" }).retry, "never")
    assert.equal(new GroupError({ reason: "not-admin" }).retry, "after-sync")
    assert.equal(new OpenError({ reason: "account-in-use" }).retry, "same-call")
  })

  it("show nothing of what is underneath", () => {
    const foreign = new Error("SQLITE says CANARY")
    const error = new ServiceError({ reason: "storage", cause: Redacted.make(foreign) })
    for (const shown of [String(error), JSON.stringify(error), inspect(error), error.stack ?? ""]) {
      assert.ok(!shown.includes("CANARY"), shown)
    }
  })

  it("are caught by tag", () => {
    const caught = Effect.fail(new GroupError({ reason: "disbanded" })).pipe(
      Effect.catchTag("GroupError", ({ reason }) => Effect.succeed(reason)),
    )
    assert.equal(Effect.runSync(caught), "disbanded")
  })

  it("name what services failed with", () => {
    const storage = (reason: StorageError["reason"]) =>
      new StorageError({ operation: "commit", reason })
    assert.equal(toServiceError(storage("full")).reason, "disk-full")
    assert.equal(toServiceError(storage("io")).reason, "storage")
    assert.equal(toServiceError(storage("outcome-unknown")).reason, "outcome-unknown")
    assert.equal(toOpenError(storage("wrong-key"))._tag, "OpenError")
    assert.equal(toOpenError(storage("newer-schema")).reason, "newer-format")
    assert.equal(toOpenError(storage("full"))._tag, "ServiceError")
    const signer = (reason: SignerError["reason"]) => new SignerError({ operation: "sign", reason })
    assert.equal(toServiceError(signer("timed-out")).reason, "signer-timeout")
    assert.equal(toServiceError(signer("rejected")).reason, "signer-refused")
    const transport = new TransportError({ operation: "fetch", reason: "closed" })
    assert.equal(toServiceError(transport).reason, "closed")
  })
})
