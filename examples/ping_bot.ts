/**
 * A bot that answers every "ping" with "pong": no ping unanswered, none answered twice, also when it
 * is killed in the middle and started again.
 *
 *     BOT_NSEC=nsec1... BOT_RELAY=wss://relay.example deno run -A examples/ping_bot.ts
 *
 * @module
 */
import { type ArgumentError, Mdk, type ServiceError } from "@mdk/core"
import { LocalSigner } from "@mdk/core/identity"
import { NativeKeyring } from "@mdk/keyring-adapters"
import { NostrTransport } from "@mdk/nostr-transport"
import * as SqlCipherStorage from "@mdk/storage-sqlcipher"
import { Config, Effect, Layer } from "effect"
import process from "node:process"
import { pathToFileURL } from "node:url"

/** The whole bot. An event is offered until the handler succeeded; `once` makes a repetition harmless. */
export const pingBot: Effect.Effect<never, ArgumentError | ServiceError, Mdk> = Effect.gen(
  function* () {
    const mdk = yield* Mdk
    return yield* mdk.events.consume(
      "ping",
      (event) =>
        event._tag === "MessageReceived" && event.message.content._tag === "Text" &&
          event.message.content.text === "ping"
          ? mdk.messages.send(event.message.group, "pong", {
            replyTo: event.message.id,
            once: event.key,
          })
          : Effect.void,
    )
  },
)

/** An encrypted database, its key in the platform's credential store, one relay, and the bot's key. */
const account = Mdk.layer({ invites: "all" }).pipe(
  Layer.provide(SqlCipherStorage.layer({
    path: "ping_bot/chat.db",
    serviceId: "com.example.ping-bot",
    keyId: "mdk.db.key.default",
  })),
  Layer.provide(NativeKeyring.layer),
  Layer.provide(Layer.unwrap(Effect.gen(function* () {
    const relay = yield* Config.String("BOT_RELAY")
    return NostrTransport.layer({ relays: [relay] })
  }))),
  Layer.provide(Layer.unwrap(Effect.gen(function* () {
    const secretKey = yield* Config.Redacted("BOT_NSEC")
    return LocalSigner.layer(secretKey)
  }))),
)

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await Effect.runPromise(Effect.provide(pingBot, account))
}
