/**
 * Signers with the interface of NIP-07 (`window.nostr`), which many libraries share: pinned to one
 * account, with a time limit, and never believed.
 *
 * @module
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import {
  type EventTemplate,
  Signer,
  SignerError,
  type SignerErrorFields,
  type SignerService,
} from "../services/mod.ts"
import { requireExactSignature } from "./exact_signature.ts"
import { maxNip44PayloadLength } from "./nip44.ts"
import { parsePublicKey, type PublicKey } from "./public_key.ts"

/** What a browser extension, a bunker client or a library offers. Nothing that it returns is trusted. */
export interface Nip07Signer {
  /** The account, 64 hex characters. */
  readonly getPublicKey: () => Promise<string>
  /** Signs a template. */
  readonly signEvent: (
    template: { kind: number; created_at: number; tags: Array<Array<string>>; content: string },
  ) => Promise<unknown>
  /** NIP-44, where it has it. */
  readonly nip44?: {
    /** Encrypts for a peer. */
    readonly encrypt: (peer: string, plaintext: string) => Promise<string>
    /** Decrypts from a peer. */
    readonly decrypt: (peer: string, payload: string) => Promise<string>
  }
}

/** How to treat a {@link Nip07Signer}. */
export interface Nip07Options {
  /** The account that it must answer for; absent: the one that it names first is pinned. */
  readonly account?: PublicKey
  /** How long an answer may take (people confirm by hand). Default one minute. */
  readonly timeout?: Duration.Input
}

type Operation = SignerErrorFields["operation"]

const ask = <A>(
  operation: Operation,
  timeout: Duration.Input,
  call: () => Promise<A>,
): Effect.Effect<A, SignerError> =>
  Effect.tryPromise({
    try: call,
    catch: (cause) =>
      new SignerError({ operation, reason: "rejected", cause: Redacted.make(cause) }),
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.fail(new SignerError({ operation, reason: "timed-out" })),
    }),
  )

const copy = (template: EventTemplate) => ({
  kind: template.kind,
  created_at: template.created_at,
  tags: template.tags.map((tag) => [...tag]),
  content: template.content,
})

const make = (
  signer: Nip07Signer,
  options: Nip07Options = {},
): Effect.Effect<SignerService, SignerError> =>
  Effect.gen(function* () {
    const timeout = options.timeout ?? Duration.minutes(1)
    const answer = yield* ask("public-key", timeout, () => signer.getPublicKey())
    const account = yield* Effect.try({
      try: () => parsePublicKey(answer),
      catch: () => new SignerError({ operation: "public-key", reason: "invalid" }),
    })
    if (options.account !== undefined && options.account !== account) {
      return yield* new SignerError({ operation: "public-key", reason: "mismatch" })
    }
    const nip44 = (
      operation: "encrypt" | "decrypt",
      call: (with_: NonNullable<Nip07Signer["nip44"]>) => Promise<string>,
    ): Effect.Effect<string, SignerError> =>
      Effect.gen(function* () {
        const with_ = signer.nip44
        if (with_ === undefined) return yield* new SignerError({ operation, reason: "unsupported" })
        const text: unknown = yield* ask(operation, timeout, () => call(with_))
        if (typeof text !== "string" || text === "" || text.length > maxNip44PayloadLength) {
          return yield* new SignerError({ operation, reason: "invalid" })
        }
        return text
      })
    return {
      publicKey: Effect.succeed(account),
      sign: (template) =>
        ask("sign", timeout, () => signer.signEvent(copy(template))).pipe(
          Effect.flatMap((event) =>
            Effect.try({
              try: () => requireExactSignature(event, template, account),
              catch: (error) =>
                error instanceof SignerError
                  ? error
                  : new SignerError({ operation: "sign", reason: "invalid" }),
            })
          ),
        ),
      nip44Encrypt: (peer, plaintext) =>
        nip44("encrypt", (with_) => with_.encrypt(peer, plaintext)),
      nip44Decrypt: (peer, payload) => nip44("decrypt", (with_) => with_.decrypt(peer, payload)),
    }
  })

/**
 * Signers with the interface of NIP-07.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { ExternalSigner } from "@mdk/core/identity"
 *
 * const silent = { getPublicKey: () => new Promise<string>(() => {}), signEvent: () => Promise.reject() }
 * const error = await Effect.runPromise(
 *   Effect.flip(ExternalSigner.fromNip07(silent, { timeout: "10 millis" })),
 * )
 * console.log(error.reason) // timed-out
 * ```
 */
export const ExternalSigner: {
  /**
   * Asks for the account, pins it, and returns a service that checks every answer. Fails with
   * `mismatch` when another account than {@link Nip07Options.account} answers.
   */
  readonly fromNip07: (
    signer: Nip07Signer,
    options?: Nip07Options,
  ) => Effect.Effect<SignerService, SignerError>
  /** Provides {@link ExternalSigner.fromNip07} as `Signer`. */
  readonly layerNip07: (
    signer: Nip07Signer,
    options?: Nip07Options,
  ) => Layer.Layer<Signer, SignerError>
} = {
  fromNip07: make,
  layerNip07: (signer, options) => Layer.effect(Signer, make(signer, options)),
}
