import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { showConversation } from "../../packages/cli/src/commands/chat.ts"
import { groupOf, inWorld } from "./in_world.ts"

describe("a chat at the terminal", () => {
  it("shows each message once, also those that come while it begins", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.ann.messages.send(group.id, "before")
        yield* world.settle
        const { bob } = world
        const say = (text: string) =>
          Effect.andThen(world.ann.messages.send(group.id, text), world.settle)
        const mdk: typeof bob = {
          ...bob,
          messages: {
            ...bob.messages,
            page: (id, query) =>
              Effect.orDie(say("just before")).pipe(
                Effect.andThen(bob.messages.page(id, query)),
                Effect.tap(() => Effect.orDie(say("just after"))),
              ),
          },
        }
        const lines: Array<string> = []
        const terminal = {
          json: false,
          line: (text = "") => void lines.push(text),
          value: () => {},
          note: () => {},
        }
        const chat = yield* Effect.forkChild(showConversation({ mdk, terminal }, group.id), {
          startImmediately: true,
        })
        yield* world.settle
        yield* say("later")
        yield* Fiber.interrupt(chat)
        const texts = lines.flatMap((line) => /: (.*)$/.exec(line)?.[1] ?? [])
          .filter((text) => !text.startsWith("*"))
        assert.deepEqual(texts, ["before", "just before", "just after", "later"])
      })))
})
