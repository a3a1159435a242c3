/**
 * The key schedule of an epoch (RFC 9420 section 8).
 *
 * @module
 */
import { TlsWriter } from "../codec/tls.ts"
import { hkdfExtract } from "../crypto/hkdf.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import { Secret } from "../crypto/secret.ts"
import { deriveSecret, expandWithLabel } from "./labeled.ts"
import { refuse } from "./mls_error.ts"
import type { PskLookup } from "./policy.ts"
import { type PreSharedKeyId, writePreSharedKeyId } from "./pre_shared_key.ts"
import { SharedSecretPart } from "./shared_secret_part.ts"

/** Nh: length of every secret of this suite. */
export const secretLength = 32

const none = new Uint8Array(0)

/** The secrets of one epoch, without those of the secret tree. */
export class EpochSecrets extends SharedSecretPart {
  /** `sender_data_secret`. */
  readonly senderData: Secret
  /** `exporter_secret`. */
  readonly exporter: Secret
  /** `external_secret`. */
  readonly external: Secret
  /** `confirmation_key`. */
  readonly confirmation: Secret
  /** `membership_key`. */
  readonly membership: Secret
  /** `resumption_psk`. */
  readonly resumptionPsk: Secret
  /** `epoch_authenticator`. */
  readonly epochAuthenticator: Secret
  /** `init_secret`, input of the next epoch. */
  readonly init: Secret

  /** Takes ownership of eight secrets in the order of {@link epochSecretList}. */
  constructor(secrets: ReadonlyArray<Secret>) {
    super()
    const [a, b, c, d, e, f, g, h] = secrets
    if (!a || !b || !c || !d || !e || !f || !g || !h) throw new TypeError("eight secrets expected")
    this.senderData = a
    this.exporter = b
    this.external = c
    this.confirmation = d
    this.membership = e
    this.resumptionPsk = f
    this.epochAuthenticator = g
    this.init = h
  }

  protected override wipe(): void {
    for (const secret of epochSecretList(this)) secret.wipe()
  }
}

/** The secrets in the order in which they are stored. */
export function epochSecretList(s: EpochSecrets): ReadonlyArray<Secret> {
  return [
    s.senderData,
    s.exporter,
    s.external,
    s.confirmation,
    s.membership,
    s.resumptionPsk,
    s.epochAuthenticator,
    s.init,
  ]
}

const epochLabels = [
  "sender data",
  "exporter",
  "external",
  "confirm",
  "membership",
  "resumption",
  "authentication",
  "init",
]

/** An epoch's secrets, and the root of its secret tree, which the caller owns. */
export interface DerivedEpoch {
  /** Everything but the encryption secret. */
  readonly secrets: EpochSecrets
  /** `encryption_secret`. */
  readonly encryptionSecret: Uint8Array
}

/** Everything that follows from `epoch_secret`, which stays the caller's. */
export function deriveEpoch(crypto: CryptoProvider, epochSecret: Uint8Array): DerivedEpoch {
  return {
    secrets: new EpochSecrets(
      epochLabels.map((label) => Secret.take(deriveSecret(crypto, epochSecret, label))),
    ),
    encryptionSecret: deriveSecret(crypto, epochSecret, "encryption"),
  }
}

/** `joiner_secret`; the caller owns it. */
export function joinerSecret(
  crypto: CryptoProvider,
  initSecret: Uint8Array,
  commitSecret: Uint8Array,
  contextBytes: Uint8Array,
): Uint8Array {
  const extracted = hkdfExtract(crypto, initSecret, commitSecret)
  const joiner = expandWithLabel(crypto, extracted, "joiner", contextBytes, secretLength)
  extracted.fill(0)
  return joiner
}

/** What a joiner needs besides the GroupContext. */
export interface JoinerKeys {
  /** Input of `welcome_secret` and `epoch_secret`. */
  readonly intermediate: Uint8Array
  /** `welcome_secret`. */
  readonly welcome: Uint8Array
}

/** From `joiner_secret` and `psk_secret`; the caller owns both results. */
export function joinerKeys(
  crypto: CryptoProvider,
  joiner: Uint8Array,
  pskSecret: Uint8Array,
): JoinerKeys {
  const intermediate = hkdfExtract(crypto, joiner, pskSecret)
  return { intermediate, welcome: deriveSecret(crypto, intermediate, "welcome") }
}

/** The epoch after {@link joinerKeys}. */
export function epochFromIntermediate(
  crypto: CryptoProvider,
  intermediate: Uint8Array,
  contextBytes: Uint8Array,
): DerivedEpoch {
  const epochSecret = expandWithLabel(crypto, intermediate, "epoch", contextBytes, secretLength)
  const derived = deriveEpoch(crypto, epochSecret)
  epochSecret.fill(0)
  return derived
}

/**
 * `psk_secret` (section 8.4); the caller owns it.
 *
 * @throws MlsError `policy` when PSKs are not allowed, `missing-psk` when one is not known.
 */
export function pskSecret(
  crypto: CryptoProvider,
  ids: ReadonlyArray<PreSharedKeyId>,
  lookup: PskLookup | undefined,
): Uint8Array {
  let secret: Uint8Array = new Uint8Array(secretLength)
  const zero = new Uint8Array(secretLength)
  ids.forEach((id, index) => {
    if (lookup === undefined) refuse("policy")
    const psk = lookup(id) ?? refuse("missing-psk")
    const extracted = hkdfExtract(crypto, zero, psk)
    const w = new TlsWriter()
    writePreSharedKeyId(w, id)
    const context = w.u16(index).u16(ids.length).finish()
    const input = expandWithLabel(crypto, extracted, "derived psk", context, secretLength)
    const next = hkdfExtract(crypto, input, secret)
    for (const spent of [extracted, input, secret]) spent.fill(0)
    secret = next
  })
  return secret
}

/** `MLS-Exporter` (section 8.5); the caller owns the result. */
export function exporterSecret(
  crypto: CryptoProvider,
  exporter: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const derived = deriveSecret(crypto, exporter, label)
  const exported = expandWithLabel(crypto, derived, "exported", crypto.sha256(context), length)
  derived.fill(0)
  return exported
}

/** Key and nonce of the encrypted GroupInfo in a Welcome. */
export function welcomeKey(
  crypto: CryptoProvider,
  welcome: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  return {
    key: expandWithLabel(crypto, welcome, "key", none, 16),
    nonce: expandWithLabel(crypto, welcome, "nonce", none, 12),
  }
}
