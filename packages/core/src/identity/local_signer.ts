/**
 * A signer whose key lives in this process.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { Secret } from "../crypto/mod.ts"
import {
  Entropy,
  type EntropyService,
  Signer,
  SignerError,
  type SignerErrorFields,
  type SignerService,
  systemEntropy,
} from "../services/mod.ts"
import { signEvent } from "./event_verification.ts"
import { KeyFormatError } from "./key_format_error.ts"
import { conversationKey, openNip44, sealNip44 } from "./nip44.ts"
import { parsePublicKey } from "./public_key.ts"
import { parseSecretKey, publicKeyOf, type SecretKeyOptions } from "./secret_key.ts"

const fail = (
  operation: SignerErrorFields["operation"],
  reason: SignerErrorFields["reason"],
): SignerError => new SignerError({ operation, reason })

/**
 * Signs with a key that the caller owns. Once the key is wiped, everything fails with `unavailable`.
 *
 * @param secret the account's key; not copied
 * @param entropy source of nonces and of the auxiliary randomness of signatures
 */
export function makeLocalSigner(secret: Secret, entropy: EntropyService): SignerService {
  const account = publicKeyOf(secret)
  const guarded = <A>(
    operation: SignerErrorFields["operation"],
    reason: SignerErrorFields["reason"],
    body: () => A,
  ): Effect.Effect<A, SignerError> =>
    Effect.try({
      try: () => {
        if (secret.wiped) throw fail(operation, "unavailable")
        return body()
      },
      catch: (error) => error instanceof SignerError ? error : fail(operation, reason),
    })
  const withKey = <A>(peer: string, use: (key: Secret) => A): A => {
    const key = conversationKey(secret, parsePublicKey(peer))
    try {
      return use(key)
    } finally {
      key.wipe()
    }
  }
  return {
    publicKey: Effect.succeed(account),
    sign: (template) =>
      guarded("sign", "invalid", () => signEvent(secret, template, entropy.bytes(32))),
    nip44Encrypt: (peer, plaintext) =>
      guarded(
        "encrypt",
        "invalid",
        () => withKey(peer, (key) => sealNip44(key, plaintext, entropy.bytes(32))),
      ),
    nip44Decrypt: (peer, payload) =>
      guarded("decrypt", "undecryptable", () => {
        const plaintext = withKey(peer, (key) => openNip44(key, payload))
        if (plaintext === undefined) throw fail("decrypt", "undecryptable")
        return plaintext
      }),
  }
}

/** Signers in this process. */
export const LocalSigner: {
  /** See {@link makeLocalSigner}. */
  readonly make: (secret: Secret, entropy: EntropyService) => SignerService
  /**
   * Provides `Signer` from a written secret key (`nsec1…`, hex, `ncryptsec1…` with a passphrase). The
   * key is read when the layer is built and zeroed when its scope closes. Randomness comes from the
   * `Entropy` around it, from the system where there is none.
   */
  readonly layer: (
    secretKey: Redacted.Redacted<string>,
    options?: { readonly passphrase?: Redacted.Redacted<string> },
  ) => Layer.Layer<Signer, KeyFormatError>
  /** {@link LocalSigner.layer} for a plain string: the caller keeps it out of logs. */
  readonly fromSecretKey: (
    secretKey: string,
    options?: SecretKeyOptions,
  ) => Layer.Layer<Signer, KeyFormatError>
} = {
  make: makeLocalSigner,
  layer: (secretKey, options = {}) =>
    build(() =>
      parseSecretKey(
        Redacted.value(secretKey),
        options.passphrase === undefined ? {} : { passphrase: Redacted.value(options.passphrase) },
      )
    ),
  fromSecretKey: (secretKey, options) => build(() => parseSecretKey(secretKey, options)),
}

const build = (read: () => Secret): Layer.Layer<Signer, KeyFormatError> =>
  Layer.effect(
    Signer,
    Effect.gen(function* () {
      const entropy = Option.getOrElse(yield* Effect.serviceOption(Entropy), () => systemEntropy)
      const secret = yield* Effect.acquireRelease(
        Effect.try({
          try: read,
          catch: (error) =>
            error instanceof KeyFormatError ? error : new KeyFormatError({ reason: "malformed" }),
        }),
        (secret) => Effect.sync(() => secret.wipe()),
      )
      return makeLocalSigner(secret, entropy)
    }),
  )
