/**
 * The transport against a relay that others wrote.
 *
 * @module
 */
import { Secret } from "@mdk/core/crypto"
import { makeLocalSigner, publicKeyOf, signEvent } from "@mdk/core/identity"
import {
  type EventTemplate,
  type Incoming,
  type NostrEvent,
  type Subscription,
  systemEntropy,
  type TransportService,
} from "@mdk/core/services"
import { NostrTransport } from "@mdk/nostr-transport"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import assert from "node:assert/strict"
import { test } from "node:test"
import { startPeer, withPeer } from "./relay_peer.ts"

const now = (): number => Math.floor(Date.now() / 1000)

let serial = 0

const account = () => {
  const secret = Secret.take(systemEntropy.bytes(32))
  return {
    publicKey: publicKeyOf(secret),
    signer: makeLocalSigner(secret, systemEntropy),
    sign: (template: Partial<EventTemplate>): NostrEvent =>
      signEvent(
        secret,
        { kind: 445, created_at: now(), tags: [], content: `text ${++serial}`, ...template },
        systemEntropy.bytes(32),
      ),
  }
}

const run = async (
  flags: ReadonlyArray<string>,
  body: (transport: TransportService, url: string) => Effect.Effect<void, unknown, Scope.Scope>,
): Promise<void> => {
  const peer = await startPeer(...flags)
  try {
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const transport = yield* NostrTransport.make({
        relays: [peer.url],
        allowPrivate: true,
        backoffBaseMillis: 100,
        sendRate: { burst: 1000, perSecond: 1000 },
      })
      yield* body(transport, peer.url)
    })))
  } finally {
    await peer.stop()
  }
}

const listen = (transport: TransportService, question: Subscription) =>
  Effect.gen(function* () {
    const all: Array<Incoming> = []
    yield* transport.subscribe(question).pipe(
      Stream.runForEach((incoming) => Effect.sync(() => void all.push(incoming))),
      Effect.forkScoped,
    )
    return {
      all,
      ids: () => all.flatMap((one) => one._tag === "Event" ? [one.event.id] : []),
      until: (what: string, condition: () => boolean) =>
        Effect.gen(function* () {
          for (let i = 0; i < 500; i++) {
            if (condition()) return
            yield* Effect.sleep(10)
          }
          assert.fail(`did not happen: ${what}`)
        }),
    }
  })

const publish = (
  transport: TransportService,
  url: string,
  event: NostrEvent,
  who?: ReturnType<typeof account>,
) => Effect.map(Stream.runCollect(transport.publish(event, [url], who)), ([answer]) => answer)

test(
  "publish, stored, live, replaceable, limits",
  withPeer,
  () =>
    run([], (transport, url) =>
      Effect.gen(function* () {
        const author = account()
        const tags = [["h", "g"]]
        const stored = author.sign({ tags, created_at: now() - 100 })
        assert.deepEqual(yield* publish(transport, url, stored), {
          relay: url,
          outcome: "accepted",
        })
        assert.deepEqual(yield* publish(transport, url, stored), {
          relay: url,
          outcome: "accepted",
        })
        const got = yield* listen(transport, {
          relays: [url],
          filters: [{ kinds: [445], tags: { h: ["g"] } }],
          overlapSeconds: 60,
        })
        yield* got.until("Stored", () => got.all.some((one) => one._tag === "Stored"))
        assert.deepEqual(got.ids(), [stored.id])
        const live = author.sign({ tags })
        yield* publish(transport, url, author.sign({ tags: [["h", "other"]] }))
        yield* publish(transport, url, live)
        yield* got.until("the live event", () => got.ids().length === 2)
        assert.deepEqual(got.ids(), [stored.id, live.id])
        const [older, newer] = [20, 10].map((age) =>
          author.sign({ kind: 30_443, tags: [["d", "x"]], created_at: now() - age })
        )
        assert.ok(older && newer)
        yield* publish(transport, url, older)
        yield* publish(transport, url, newer)
        const filters = [{ kinds: [30_443], authors: [author.publicKey] }]
        const answer = yield* transport.fetch({ relays: [url], filters })
        assert.deepEqual(answer, { events: [newer], complete: [url], partial: [] })
      })),
)

test(
  "a large answer is fetched page by page",
  withPeer,
  () =>
    run([], (transport, url) =>
      Effect.gen(function* () {
        const author = account()
        const events = Array.from(
          { length: 700 },
          (_, i) => author.sign({ tags: [["h", "many"]], created_at: now() - i }),
        )
        yield* Effect.forEach(events, (event) => publish(transport, url, event), {
          concurrency: 50,
        })
        const answer = yield* transport.fetch({
          relays: [url],
          filters: [{ kinds: [445], tags: { h: ["many"] } }],
          timeoutMillis: 20_000,
        })
        assert.equal(answer.events.length, 700)
        assert.deepEqual(answer.complete, [url])
      })),
)

test(
  "gift wraps behind NIP-42",
  withPeer,
  () =>
    run(["--guard"], (transport, url) =>
      Effect.gen(function* () {
        const [author, recipient] = [account(), account()]
        const tags = [["p", recipient.publicKey]]
        const wrap = author.sign({ kind: 1059, tags, created_at: now() - 90_000 })
        assert.equal((yield* publish(transport, url, wrap))?.outcome, "accepted")
        const question = {
          relays: [url],
          filters: [{ kinds: [1059], tags: { p: [recipient.publicKey] } }],
          overlapSeconds: 259_200,
        }
        const nobody = yield* listen(transport, question)
        const owner = yield* listen(transport, { ...question, identity: recipient })
        yield* owner.until("Stored", () => owner.all.some((one) => one._tag === "Stored"))
        assert.deepEqual(owner.ids(), [wrap.id])
        yield* nobody.until("the refusal", () => nobody.all.length > 0)
        assert.deepEqual(nobody.all, [{ _tag: "Interrupted", relay: url, reason: "auth-required" }])
        const live = author.sign({ kind: 1059, tags })
        yield* publish(transport, url, live)
        yield* owner.until("the live one", () => owner.ids().includes(live.id))
      })),
)

test(
  "authentication for reading and writing",
  withPeer,
  () =>
    run(["--auth"], (transport, url) =>
      Effect.gen(function* () {
        const author = account()
        const event = author.sign({ tags: [["h", "g"]] })
        const refused = yield* publish(transport, url, event)
        assert.deepEqual(refused, { relay: url, outcome: "rejected", prefix: "auth-required" })
        assert.equal((yield* publish(transport, url, event, author))?.outcome, "accepted")
        const filters = [{ kinds: [445] }]
        const answer = yield* transport.fetch({ relays: [url], filters, identity: author })
        assert.deepEqual(answer, { events: [event], complete: [url], partial: [] })
        const anonymous = yield* transport.fetch({ relays: [url], filters })
        assert.deepEqual(anonymous, { events: [], complete: [], partial: [url] })
      })),
)
