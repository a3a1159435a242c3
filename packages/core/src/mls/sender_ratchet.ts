/**
 * One sender's symmetric ratchet for one kind of message (RFC 9420 section 9.1).
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import { Secret } from "../crypto/secret.ts"
import { expandWithLabel } from "./labeled.ts"
import { refuse } from "./mls_error.ts"
import type { MlsLimits } from "./policy.ts"
import { SharedSecretPart } from "./shared_secret_part.ts"

const keyLength = 16
const nonceLength = 12

/** Key and nonce of one generation: never enough to compute another generation's. */
export class MessageKey extends SharedSecretPart {
  /** Its generation. */
  readonly generation: number
  readonly #bytes: Secret

  /** Takes ownership of `key[16] ‖ nonce[12]`. */
  constructor(generation: number, keyAndNonce: Uint8Array) {
    super()
    this.generation = generation
    this.#bytes = Secret.take(keyAndNonce)
  }

  /** `key[16] ‖ nonce[12]`, the live buffer. */
  get bytes(): Uint8Array {
    return this.#bytes.bytes
  }

  /** AES-128 key. */
  get key(): Uint8Array {
    return this.#bytes.bytes.subarray(0, keyLength)
  }

  /** AES-GCM nonce before the reuse guard. */
  get nonce(): Uint8Array {
    return this.#bytes.bytes.subarray(keyLength)
  }

  protected override wipe(): void {
    this.#bytes.wipe()
  }
}

/** An immutable ratchet. Holds each of its skipped keys once. */
export class SenderRatchet extends SharedSecretPart {
  /** Generation that `secret` belongs to: the next one expected. */
  readonly generation: number
  readonly #secret: Secret
  /** Keys of earlier generations that were not used yet, ascending. */
  readonly skipped: ReadonlyArray<MessageKey>

  /** Takes ownership of the ratchet secret and over one hold on each skipped key. */
  constructor(generation: number, secret: Secret, skipped: ReadonlyArray<MessageKey>) {
    super()
    this.generation = generation
    this.#secret = secret
    this.skipped = skipped
  }

  /** The ratchet secret, the live buffer. */
  get secret(): Uint8Array {
    return this.#secret.bytes
  }

  protected override wipe(): void {
    this.#secret.wipe()
    for (const key of this.skipped) key.release()
  }
}

/** A message key and the ratchet without it; the caller holds both once. */
export interface RatchetStep {
  /** Key of the generation asked for. */
  readonly messageKey: MessageKey
  /** The ratchet after it was taken. */
  readonly ratchet: SenderRatchet
}

function deriveKey(
  crypto: CryptoProvider,
  secret: Uint8Array,
  generation: number,
  context: Uint8Array,
): MessageKey {
  const bytes = new Uint8Array(keyLength + nonceLength)
  const key = expandWithLabel(crypto, secret, "key", context, keyLength)
  bytes.set(key)
  key.fill(0)
  bytes.set(expandWithLabel(crypto, secret, "nonce", context, nonceLength), keyLength)
  return new MessageKey(generation, bytes)
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

/** Takes the key of the next generation. */
export function stepNext(crypto: CryptoProvider, ratchet: SenderRatchet): RatchetStep {
  if (ratchet.generation > 0xffff_fffe) refuse("generation-too-far")
  const context = u32(ratchet.generation)
  const messageKey = deriveKey(crypto, ratchet.secret, ratchet.generation, context)
  const secret = expandWithLabel(crypto, ratchet.secret, "secret", context, 32)
  for (const key of ratchet.skipped) key.retain()
  return {
    messageKey,
    ratchet: new SenderRatchet(ratchet.generation + 1, Secret.take(secret), ratchet.skipped),
  }
}

/**
 * Takes the key of a generation, forwards or out of the skipped ones. The ratchet itself stays.
 *
 * @throws MlsError `generation-too-far`, `generation-too-old` or `generation-used`.
 */
export function stepTo(
  crypto: CryptoProvider,
  ratchet: SenderRatchet,
  generation: number,
  limits: MlsLimits,
): RatchetStep {
  const next = ratchet.generation
  if (generation < next) {
    if (generation < next - limits.outOfOrder) refuse("generation-too-old")
    const messageKey = ratchet.skipped.find((k) => k.generation === generation)?.retain() ??
      refuse("generation-used")
    const others = ratchet.skipped.filter((k) => k.generation !== generation)
    for (const key of others) key.retain()
    const secret = Secret.copyOf(ratchet.secret)
    return { messageKey, ratchet: new SenderRatchet(next, secret, others) }
  }
  if (generation - next > limits.forward || generation > 0xffff_fffe) refuse("generation-too-far")
  if (generation === next && ratchet.skipped.length === 0) return stepNext(crypto, ratchet)
  const oldest = generation + 1 - limits.outOfOrder
  const skipped = ratchet.skipped.filter((k) => k.generation >= oldest)
  for (const key of skipped) key.retain()
  let secret: Uint8Array = ratchet.secret.slice()
  for (let g = next; g < generation; g++) {
    if (g >= oldest) skipped.push(deriveKey(crypto, secret, g, u32(g)))
    secret = advance(crypto, secret, g)
  }
  const messageKey = deriveKey(crypto, secret, generation, u32(generation))
  secret = advance(crypto, secret, generation)
  return { messageKey, ratchet: new SenderRatchet(generation + 1, Secret.take(secret), skipped) }
}

/** Derives the next ratchet secret and zeroes the one that it came from. */
function advance(crypto: CryptoProvider, secret: Uint8Array, generation: number): Uint8Array {
  const next = expandWithLabel(crypto, secret, "secret", u32(generation), 32)
  secret.fill(0)
  return next
}
