/**
 * A program that uses the transport and then simply ends. It prints `closed` when everything is
 * closed; whether the process ends by itself is what the test looks at.
 *
 * Arguments: the relay's address, the event to publish as JSON.
 *
 * @module
 */
import { NostrTransport } from "@mdk/nostr-transport"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import process from "node:process"

const [url = "", event = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const transport = yield* NostrTransport.make({ relays: [url], allowPrivate: true })
  const first = yield* transport.subscribe({
    relays: [url, "ws://127.0.0.1:1"],
    filters: [{ kinds: [445] }],
    overlapSeconds: 60,
  }).pipe(Stream.filter((one) => one._tag === "Stored"), Stream.take(1), Stream.runCollect)
  const answers = yield* Stream.runCollect(transport.publish(JSON.parse(event), [url]))
  process.stdout.write(`${first.length} ${answers[0]?.outcome}\n`)
})

await Effect.runPromise(Effect.scoped(program))
process.stdout.write("closed\n")
