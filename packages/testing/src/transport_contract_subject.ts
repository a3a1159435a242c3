/**
 * What the transport contract needs to know about a transport: how to make it, and how to make the
 * relays behind it misbehave.
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
  type SubscriptionIdentity,
  systemEntropy,
  type TransportError,
  type TransportService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { test } from "node:test"

/** Hands on one relay behind a transport. */
export interface ContractRelay {
  /** Ends all connections and takes no new ones. */
  readonly cut: () => Promise<void>
  /** Takes connections again; stored events are still there. */
  readonly restore: () => Promise<void>
  /** Refuses every event with this reason; `undefined` accepts again. */
  readonly refuse: (reason: string | undefined) => void
  /** Reads and never answers. */
  readonly silence: (silent: boolean) => void
  /** Stores an event without looking at it; nobody is told. */
  readonly plant: (event: NostrEvent) => void
  /** Ids of the stored events. */
  readonly stored: () => ReadonlyArray<string>
}

/** A fresh set of relays and the transport under test. */
export interface TransportSubject {
  /** Two working, empty relays; gift wraps (kind 1059) are for their authenticated recipient. */
  readonly relays: readonly [string, string]
  /** A relay that cannot be reached. */
  readonly unreachable: string
  /**
   * A transport that gives up on a silent relay within two seconds, and redials within one. Called
   * several times: the transports share the relays.
   */
  readonly open: Effect.Effect<TransportService, never, Scope.Scope>
  /** Hands on one of {@link TransportSubject.relays}. */
  readonly control: (relay: string) => ContractRelay
  /** Ends the relays. */
  readonly close: () => Promise<void>
}

/** Registers one test; the body gets a fresh subject. */
export type ContractTest = (
  name: string,
  body: (subject: TransportSubject) => Effect.Effect<void, unknown, Scope.Scope>,
) => void

/** Makes {@link ContractTest} out of a way to make subjects. */
export const transportContractTest =
  (make: () => Promise<TransportSubject>): ContractTest => (name, body) => {
    test(name, { timeout: 60_000 }, async () => {
      const subject = await make()
      try {
        await Effect.runPromise(Effect.scoped(body(subject)))
      } finally {
        await subject.close()
      }
    })
  }

/** Somebody who signs. */
export interface Author extends SubscriptionIdentity {
  /** Signs an event; `created_at` is now unless given. */
  readonly sign: (template?: Partial<EventTemplate>) => NostrEvent
}

let serial = 0

/** A fresh account. */
export function newAuthor(): Author {
  const secret = Secret.take(systemEntropy.bytes(32))
  const sign: Author["sign"] = (template = {}) =>
    signEvent(secret, {
      kind: 445,
      created_at: nowSeconds(),
      tags: [],
      content: `text ${++serial}`,
      ...template,
    }, systemEntropy.bytes(32))
  return { publicKey: publicKeyOf(secret), signer: makeLocalSigner(secret, systemEntropy), sign }
}

/** The system's time in unix seconds. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** What a subscription gave so far. */
export interface Received {
  readonly all: ReadonlyArray<Incoming>
  /** Ids of the events, in order of arrival. */
  readonly ids: () => ReadonlyArray<string>
  /** How often `Stored` came, from any relay. */
  readonly storedCount: () => number
  /** Reasons of interruptions, in order. */
  readonly interruptions: () => ReadonlyArray<string>
  /** How the stream ended; `undefined` while it runs. */
  readonly end: () => TransportError | "ended" | undefined
}

/** Runs a subscription in the background until the scope closes. */
export const listen = (
  transport: TransportService,
  question: Subscription,
): Effect.Effect<Received, never, Scope.Scope> =>
  Effect.gen(function* () {
    const all: Array<Incoming> = []
    let end: TransportError | "ended" | undefined
    yield* transport.subscribe(question).pipe(
      Stream.runForEach((incoming) => Effect.sync(() => void all.push(incoming))),
      Effect.match({
        onFailure: (error) => void (end = error),
        onSuccess: () => void (end = "ended"),
      }),
      Effect.forkScoped,
    )
    return {
      all,
      ids: () => all.flatMap((one) => one._tag === "Event" ? [one.event.id] : []),
      storedCount: () => all.filter((one) => one._tag === "Stored").length,
      interruptions: () => all.flatMap((one) => one._tag === "Interrupted" ? [one.reason] : []),
      end: () => end,
    }
  })

/** Waits until it is true; dies after ten seconds with what was waited for. */
export const eventually = (what: string, condition: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let i = 0; i < 1000; i++) {
      if (condition()) return
      yield* Effect.sleep(10)
    }
    return yield* Effect.die(new Error(`did not happen: ${what}`))
  })
