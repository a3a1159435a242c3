/**
 * Client side of NIP-42, for one connection from its opening to its end.
 *
 * Nothing is signed before a relay asked for it (`auth-required`): an early answer would tell every
 * relay who is behind the connection. One challenge is signed once, however often it is asked for.
 *
 * @module
 */
import type { NostrEvent, SubscriptionIdentity } from "@mdk/core/services"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"

/** How long each step may take, in milliseconds, and how often it is tried. */
export interface AuthenticationLimits {
  /** For the challenge, which some relays send only after they refused. */
  readonly challengeMillis: number
  /** For the signer, which may have to ask a person. */
  readonly signerMillis: number
  /** Signatures per connection. */
  readonly attempts: number
}

/** What authentication needs of its connection. */
export interface AuthenticationPort {
  /** The address, as it was dialled. */
  readonly url: string
  /** Who authenticates; without it every authentication fails. */
  readonly identity: SubscriptionIdentity | undefined
  /** Sends the signed event; true when the relay accepted it. */
  readonly submit: (event: NostrEvent) => Effect.Effect<boolean>
}

/** Authentication state of one connection. */
export class SessionAuthentication {
  readonly #port: AuthenticationPort
  readonly #limits: AuthenticationLimits
  readonly #scope: Scope.Scope
  #challenge: string | undefined
  #arrival: Deferred.Deferred<void> = Deferred.makeUnsafe<void>()
  #answering: { readonly challenge: string; readonly done: Deferred.Deferred<boolean> } | undefined
  #attempts = 0

  /** @param scope ends with the connection */
  constructor(port: AuthenticationPort, limits: AuthenticationLimits, scope: Scope.Scope) {
    this.#port = port
    this.#limits = limits
    this.#scope = scope
  }

  /** Takes a challenge; the newest one counts. */
  challenged(challenge: string): void {
    this.#challenge = challenge
    Deferred.doneUnsafe(this.#arrival, Exit.void)
  }

  /** The connection is over: whoever waits is told so. */
  end(): void {
    Deferred.doneUnsafe(this.#arrival, Exit.void)
    if (this.#answering !== undefined) {
      Deferred.doneUnsafe(this.#answering.done, Exit.succeed(false))
    }
  }

  /**
   * Proves the identity; false when there is none, the signer or the relay refuses, or time is up.
   * Callers share one attempt; the interruption of one does not end it.
   */
  readonly authenticate: Effect.Effect<boolean> = Effect.suspend(() => {
    const { identity } = this.#port
    if (identity === undefined) return Effect.succeed(false)
    return Deferred.await(this.#arrival).pipe(
      Effect.timeoutOption(this.#limits.challengeMillis),
      Effect.flatMap(() => this.#answer(identity)),
    )
  })

  #answer(identity: SubscriptionIdentity): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const challenge = this.#challenge
      if (challenge === undefined) return Effect.succeed(false)
      if (this.#answering?.challenge === challenge) return Deferred.await(this.#answering.done)
      if (this.#attempts >= this.#limits.attempts) return Effect.succeed(false)
      this.#attempts += 1
      const done = Deferred.makeUnsafe<boolean>()
      this.#answering = { challenge, done }
      return this.#sign(identity, challenge).pipe(
        Effect.flatMap((event) => this.#port.submit(event)),
        Effect.catchCause(() => Effect.succeed(false)),
        Effect.flatMap((accepted) => Deferred.succeed(done, accepted)),
        Effect.ensuring(Deferred.succeed(done, false)),
        Effect.forkIn(this.#scope),
        Effect.andThen(Deferred.await(done)),
      )
    })
  }

  #sign(identity: SubscriptionIdentity, challenge: string) {
    return Clock.currentTimeMillis.pipe(
      Effect.flatMap((now) =>
        identity.signer.sign({
          kind: 22_242,
          created_at: Math.floor(now / 1000),
          tags: [["relay", this.#port.url], ["challenge", challenge]],
          content: "",
        })
      ),
      Effect.timeout(this.#limits.signerMillis),
    )
  }
}
