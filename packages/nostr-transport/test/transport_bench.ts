/**
 * What the tests of transport faults share: an embedded relay, a transport with short times, a
 * subscription that is listened to.
 *
 * @module
 */
import type {
  Filter,
  Incoming,
  NostrEvent,
  RelayAnswer,
  SignerService,
  Subscription,
  SubscriptionIdentity,
  TransportService,
} from "@mdk/core/services"
import { SignerError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { NostrTransport, type NostrTransportOptions } from "../src/mod.ts"
import { EmbeddedRelay, type EmbeddedRelayOptions } from "../src/relay/mod.ts"
import { signed, type TestKey } from "./relay_client.ts"

/** Fails after ten seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (condition()) return
    await pause(10)
  }
  throw new Error(`did not happen: ${what}`)
}

/** Waits. */
export const pause = (millis: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, millis))

/** For tests that wait for real sockets on a machine that may be busy. */
export const patient: { readonly timeout: number } = { timeout: 30_000 }

/** The filters that the tests ask with. */
export const groupFilter: Filter = { kinds: [445], tags: { h: ["g"] } }

/** Times that suit a test. */
export const shortTimes: Partial<NostrTransportOptions> = {
  allowPrivate: true,
  backoffBaseMillis: 40,
  backoffCapMillis: 400,
  dialMillis: 500,
  acknowledgementMillis: 600,
  publishMillis: 2500,
}

/** A transport of its own and what is done with it. */
export class Bench {
  readonly #scope: Scope.Closeable
  readonly transport: TransportService

  private constructor(scope: Scope.Closeable, transport: TransportService) {
    this.#scope = scope
    this.transport = transport
  }

  static async open(options: Partial<NostrTransportOptions> = {}): Promise<Bench> {
    const scope = await Effect.runPromise(Scope.make())
    const transport = await Effect.runPromise(
      NostrTransport.make({ relays: [], ...shortTimes, ...options }).pipe(Scope.provide(scope)),
    )
    return new Bench(scope, transport)
  }

  /** Runs a subscription until the bench is closed. */
  listen(url: string | ReadonlyArray<string>, question: Partial<Subscription> = {}): Listener {
    const listener = new Listener()
    const relays = typeof url === "string" ? [url] : url
    const stream = this.transport.subscribe({
      relays,
      filters: [groupFilter],
      overlapSeconds: 600,
      ...question,
    })
    Effect.runFork(
      stream.pipe(
        Stream.runForEach((incoming) => Effect.sync(() => void listener.all.push(incoming))),
        Effect.forkIn(this.#scope),
      ),
    )
    return listener
  }

  async publish(
    url: string,
    event: NostrEvent,
    identity?: SubscriptionIdentity,
  ): Promise<Omit<RelayAnswer, "relay">> {
    const answers = await Effect.runPromise(
      Stream.runCollect(this.transport.publish(event, [url], identity)),
    )
    const [answer] = answers
    if (answer === undefined || answers.length !== 1) throw new Error("one answer")
    const { relay: _, ...outcome } = answer
    return outcome
  }

  close(): Promise<void> {
    return Effect.runPromise(Scope.close(this.#scope, Exit.void))
  }
}

/** What a subscription gave. */
export class Listener {
  readonly all: Array<Incoming> = []

  get events(): ReadonlyArray<NostrEvent> {
    return this.all.flatMap((one) => one._tag === "Event" ? [one.event] : [])
  }

  get ids(): ReadonlyArray<string> {
    return this.events.map((event) => event.id)
  }

  get stored(): number {
    return this.all.filter((one) => one._tag === "Stored").length
  }

  get interruptions(): ReadonlyArray<string> {
    return this.all.flatMap((one) => one._tag === "Interrupted" ? [one.reason] : [])
  }
}

/** Runs a test body with a started relay and an open bench. */
export async function withRelay(
  body: (relay: EmbeddedRelay, bench: Bench) => Promise<void>,
  relayOptions: EmbeddedRelayOptions = {},
  options: Partial<NostrTransportOptions> = {},
): Promise<void> {
  const relay = await new EmbeddedRelay(relayOptions).start()
  const bench = await Bench.open(options)
  try {
    await body(relay, bench)
  } finally {
    await bench.close()
    await relay.stop({ reset: true })
  }
}

/** An identity over a test key. `before` runs before every signature and may fail or never end. */
export function identityOf(
  key: TestKey,
  before: Effect.Effect<void, SignerError> = Effect.void,
): SubscriptionIdentity {
  const unsupported = Effect.fail(new SignerError({ operation: "encrypt", reason: "unsupported" }))
  const signer: SignerService = {
    publicKey: Effect.succeed(key.publicKey),
    sign: (template) => Effect.andThen(before, Effect.sync(() => signed(key, template))),
    nip44Encrypt: () => unsupported,
    nip44Decrypt: () => unsupported,
  }
  return { publicKey: key.publicKey, signer }
}
