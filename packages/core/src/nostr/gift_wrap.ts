/**
 * NIP-59: a rumor (unsigned), in a seal (kind 13, signed by its author), in a gift wrap (kind 1059,
 * signed by a key of its own), for one recipient.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { v2 as nip44 } from "nostr-tools/nip44"
import { encodeUtf8 } from "../codec/mod.ts"
import {
  conversationKey,
  eventId,
  parsePublicKey,
  type PublicKey,
  sealNip44,
  signEvent,
  verifyEvent,
  verifyRumor,
} from "../identity/mod.ts"
import {
  type EntropyService,
  type EventTemplate,
  type NostrEvent,
  type Rumor,
  SignerError,
  type SignerService,
  type UnsignedEvent,
} from "../services/mod.ts"
import { EnvelopeError, refuseEnvelope } from "./envelope_error.ts"
import { freshSecretKey } from "./ephemeral_key.ts"
import { decodeEventJson, encodeEventJson, maxEventBytes } from "./event_json.ts"
import { NostrKind } from "./nostr_kind.ts"

/** How far back the times of seals and wraps are spread, in seconds. */
export const giftWrapSpreadSeconds: number = 2 * 24 * 60 * 60

/** A rumor with its author proven by the seal. */
export interface Unwrapped {
  /** The rumor; its id was verified. */
  readonly rumor: Rumor
  /** Who signed the seal; the same as the rumor's author. */
  readonly author: PublicKey
}

/** Gives an unsigned event its id. */
export function makeRumor(event: UnsignedEvent): Rumor {
  const { pubkey, created_at, kind, tags, content } = event
  return { id: eventId(event), pubkey, created_at, kind, tags, content }
}

/**
 * Size of the finished gift wrap in bytes of JSON, known before anything is encrypted: both layers
 * pad, so it grows in steps.
 */
export function giftWrapBytes(rumor: Rumor): number {
  const sealBytes = shellBytes(NostrKind.seal, []) +
    nip44Length(encodeUtf8(encodeEventJson(rumor)).length)
  return shellBytes(NostrKind.giftWrap, [["p", rumor.pubkey]]) + nip44Length(sealBytes)
}

/**
 * Refuses a rumor whose gift wrap relays would not take.
 *
 * @throws {EnvelopeError} `too-large`
 */
export function requireWrappable(rumor: Rumor): void {
  if (giftWrapBytes(rumor) > maxEventBytes) refuseEnvelope("too-large")
}

/**
 * What the author signs: the seal around an already encrypted rumor.
 *
 * @param createdAt Unix seconds, spread into the past
 */
export function sealTemplate(encryptedRumor: string, createdAt: number): EventTemplate {
  return { kind: NostrKind.seal, created_at: createdAt, tags: [], content: encryptedRumor }
}

/**
 * Puts a signed seal into a gift wrap, with a key of its own that is forgotten.
 *
 * @param createdAt Unix seconds, spread into the past
 */
export function wrapSeal(
  seal: NostrEvent,
  recipient: PublicKey,
  createdAt: number,
  entropy: EntropyService,
): NostrEvent {
  const key = freshSecretKey(entropy)
  const shared = conversationKey(key, recipient)
  try {
    return signEvent(key, {
      kind: NostrKind.giftWrap,
      created_at: createdAt,
      tags: [["p", recipient]],
      content: sealNip44(shared, encodeEventJson(seal), entropy.bytes(32)),
    }, entropy.bytes(32))
  } finally {
    shared.wipe()
    key.wipe()
  }
}

/** What {@link giftWrap} needs. */
export interface GiftWrapInput {
  /** The author's signer: one encryption and one signature. */
  readonly signer: SignerService
  /** What is sent; its `pubkey` is the signer's account. */
  readonly rumor: Rumor
  /** For whom. */
  readonly recipient: PublicKey
  /** Unix seconds, now. */
  readonly now: number
}

/**
 * Seals and wraps a rumor for one recipient. Size is checked first: nothing is asked of the signer for a
 * rumor that cannot be sent.
 */
export function giftWrap(
  input: GiftWrapInput,
  entropy: EntropyService,
): Effect.Effect<NostrEvent, SignerError | EnvelopeError> {
  const { signer, rumor, recipient, now } = input
  return Effect.gen(function* () {
    yield* attempt("too-large", () => requireWrappable(rumor))
    const encrypted = yield* signer.nip44Encrypt(recipient, encodeEventJson(rumor))
    const seal = yield* signer.sign(sealTemplate(encrypted, spread(now, entropy)))
    // A signer for another account would make a seal that no recipient accepts.
    if (seal.pubkey !== rumor.pubkey) {
      return yield* new SignerError({ operation: "sign", reason: "mismatch" })
    }
    return wrapSeal(seal, recipient, spread(now, entropy), entropy)
  })
}

/**
 * Checks the outside of a gift wrap. Costs no decryption.
 *
 * @param event id and signature were verified
 * @throws {EnvelopeError} `wrong-kind`, `bad-tags` unless there is exactly one `p` tag with a key,
 * `wrong-recipient`, `bad-content` for an empty content
 */
export function requireAddressedTo(event: NostrEvent, account: PublicKey): void {
  if (event.kind !== NostrKind.giftWrap) refuseEnvelope("wrong-kind")
  const addressees = event.tags.filter(([name]) => name === "p")
  const addressee = addressees[0]?.[1]
  if (addressees.length !== 1 || addressee === undefined) refuseEnvelope("bad-tags")
  if (addressee !== account) refuseEnvelope("wrong-recipient")
  if (event.content === "") refuseEnvelope("bad-content")
}

/**
 * Verifies and opens a gift wrap for the signer's account: wrap, seal and rumor, each with its id, the
 * first two with their signatures, seal and rumor with the same author.
 *
 * @param event whatever a relay sent; nothing was verified
 */
export function unwrapGift(
  signer: SignerService,
  event: NostrEvent,
): Effect.Effect<Unwrapped, SignerError | EnvelopeError> {
  return Effect.gen(function* () {
    const account = yield* signer.publicKey.pipe(
      Effect.flatMap((key) => attempt("wrong-recipient", () => parsePublicKey(key))),
    )
    const wrap = yield* attempt("bad-event", () => verifyEvent(event))
    yield* attempt("bad-tags", () => requireAddressedTo(wrap, account))
    const sealText = yield* open(signer, wrap.pubkey, wrap.content)
    const { seal, author } = yield* attempt("bad-seal", () => readSeal(sealText))
    const rumorText = yield* open(signer, seal.pubkey, seal.content)
    const rumor = yield* attempt("bad-rumor", () => readRumor(rumorText))
    if (rumor.pubkey !== author) return yield* new EnvelopeError({ reason: "author-mismatch" })
    return { rumor, author }
  })
}

const attempt = <A>(
  reason: EnvelopeError["reason"],
  body: () => A,
): Effect.Effect<A, EnvelopeError> =>
  Effect.try({
    try: body,
    catch: (error) => error instanceof EnvelopeError ? error : new EnvelopeError({ reason }),
  })

const open = (
  signer: SignerService,
  peer: string,
  payload: string,
): Effect.Effect<string, SignerError | EnvelopeError> =>
  signer.nip44Decrypt(peer, payload).pipe(
    Effect.catchIf(
      (error) => error.reason === "undecryptable",
      () => Effect.fail(new EnvelopeError({ reason: "undecryptable" })),
    ),
  )

const readSeal = (text: string): { readonly seal: NostrEvent; readonly author: PublicKey } => {
  const seal = verifyEvent(decodeEventJson(text))
  if (seal.kind !== NostrKind.seal) refuseEnvelope("bad-seal")
  return { seal, author: parsePublicKey(seal.pubkey) }
}

const readRumor = (text: string): Rumor => verifyRumor(decodeEventJson(text))

// Everything of an event but its content: all fields have a fixed length.
const shellBytes = (kind: number, tags: ReadonlyArray<ReadonlyArray<string>>): number => {
  const key = "0".repeat(64)
  return encodeEventJson({
    id: key,
    pubkey: key,
    created_at: 1_000_000_000,
    kind,
    tags,
    content: "",
    sig: key + key,
  }).length
}

// Base64 of version (1), nonce (32), length (2), padded plaintext and code (32).
const nip44Length = (plaintextBytes: number): number =>
  Math.ceil((67 + nip44.utils.calcPaddedLen(plaintextBytes)) / 3) * 4

const spread = (now: number, entropy: EntropyService): number => {
  const bytes = entropy.bytes(4)
  const random = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return Math.max(0, now - random % giftWrapSpreadSeconds)
}
