import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { ServiceError } from "../../src/api/errors.ts"
import { makeMissingMessages, type MissingMessages } from "../../src/shell/missing_messages.ts"

const gaps = (missing: Readonly<Record<string, number>>) => new Map(Object.entries(missing))

/** Runs under a clock that moves by half a second; `asked` is when which group was asked for. */
const watch = (
  program: (of: {
    readonly missing: MissingMessages
    readonly asked: Array<readonly [seconds: number, group: string, backSeconds: number]>
    readonly pass: (seconds: number) => Effect.Effect<void>
  }) => Effect.Effect<void, never, Scope.Scope>,
  onAsk: (missing: () => MissingMessages) => Effect.Effect<void, ServiceError> = () => Effect.void,
): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(Effect.gen(function* () {
      const asked: Array<readonly [number, string, number]> = []
      const missing: MissingMessages = yield* makeMissingMessages((group, backSeconds) =>
        Effect.gen(function* () {
          asked.push([(yield* Clock.currentTimeMillis) / 1000, group, backSeconds])
          yield* onAsk(() => missing)
        })
      )
      const pass = (seconds: number) =>
        Effect.forEach(
          Array.from({ length: seconds * 2 }),
          () => TestClock.adjust("500 millis"),
          { discard: true },
        )
      yield* program({ missing, asked, pass })
    })).pipe(Effect.provide([TestClock.layer(), Logger.layer([])])),
  )

describe("missing messages", () => {
  it("are asked for soon, and no more when they came", () =>
    watch(
      ({ missing, asked, pass }) =>
        Effect.gen(function* () {
          missing.note("g", gaps({ "1/2": 0 }))
          yield* pass(60)
          assert.deepEqual(asked, [])
          missing.note("g", gaps({ "1/2": 2 }))
          yield* pass(600)
          assert.deepEqual(asked, [[63, "g", 600]])
        }),
      (missing) => Effect.sync(() => missing().note("g", gaps({ "1/2": 0 }))),
    ))

  it("that nobody has are asked for a few times; more that are missing begin anew", () =>
    watch(({ missing, asked, pass }) =>
      Effect.gen(function* () {
        missing.note("g", gaps({ "1/2": 1, "1/3": 1 }))
        yield* pass(1000)
        assert.deepEqual(asked.map(([at]) => at), [3, 33, 343])
        // The same gap shows in every later message.
        missing.note("g", gaps({ "1/2": 1 }))
        yield* pass(1000)
        assert.equal(asked.length, 3)
        missing.note("g", gaps({ "1/2": 2 }))
        yield* pass(100)
        assert.deepEqual(asked.slice(3), [[2003, "g", 600], [2033, "g", 3600]])
        missing.note("g", gaps({ "1/4": 1 }))
        yield* pass(4)
        assert.deepEqual(asked.at(-1), [2103, "g", 600])
        missing.note("g", gaps({ "1/2": 1, "1/4": 0 }))
        yield* pass(1000)
        assert.equal(asked.length, 6)
      })
    ))

  it("are asked for again when they came while relays were asked, but not all the time", () =>
    watch(({ missing, asked, pass }) =>
      Effect.gen(function* () {
        for (let second = 0; second < 60; second++) {
          missing.note("g", gaps({ "1/2": 1 }))
          yield* pass(4)
          missing.note("g", gaps({ "1/2": 0 }))
        }
        assert.ok(asked.length > 10 && asked.length <= 240 / 13 + 1, String(asked.length))
      })
    ))

  it("are asked for again when asking failed, and per group", () =>
    watch(
      ({ missing, asked, pass }) =>
        Effect.gen(function* () {
          missing.note("g", gaps({ "1/2": 1 }))
          missing.note("h", gaps({ "1/2": 1 }))
          yield* pass(40)
          assert.deepEqual(asked.map(([at, group]) => [at, group]), [
            [3, "g"],
            [3, "h"],
            [33, "g"],
            [33, "h"],
          ])
        }),
      () => Effect.fail(new ServiceError({ reason: "no-relay" })),
    ))
})
