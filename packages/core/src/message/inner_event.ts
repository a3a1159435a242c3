/**
 * Inner application events: the plaintext of MLS application messages. One UTF-8 JSON object with exactly
 * the members `id`, `pubkey`, `created_at`, `kind`, `tags` and `content`, in any order; never signed, for
 * MLS proves the author.
 *
 * @module
 */
import type * as Brand from "effect/Brand"
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import { DecodeError, encodeUtf8, type JsonValue, readJson } from "../codec/mod.ts"
import { eventId, type PublicKey } from "../identity/mod.ts"

/** The id of an inner event, 64 lower-case hex characters. */
export type MessageId = string & Brand.Brand<"MessageId">

/** What an application wants to say, before it has an author and a time. */
export interface InnerContent {
  /** Kind, 0 to 2^53 - 1. */
  readonly kind: number
  /** Tags; they never influence routing or expiry. */
  readonly tags: ReadonlyArray<ReadonlyArray<string>>
  /** Content. */
  readonly content: string
}

/** An inner event whose id is right and whose author is the MLS sender. */
export interface InnerEvent extends InnerContent {
  /** NIP-01 id. */
  readonly id: MessageId
  /** The sender's account. */
  readonly pubkey: PublicKey
  /** The sender's word for when: Unix seconds, any 64-bit value. */
  readonly created_at: bigint
}

/**
 * Why a plaintext is no inner event.
 *
 * - `malformed`: not one JSON object with exactly the six members of the right types
 * - `wrong-id`: the id is not the hash of the event
 * - `wrong-author`: the author is not the account of the MLS sender
 */
export type InnerEventErrorReason = "malformed" | "wrong-id" | "wrong-author"

/** What an {@link InnerEventError} carries. */
export interface InnerEventErrorFields {
  /** What is wrong. */
  readonly reason: InnerEventErrorReason
}

/** A payload that is dropped; the MLS message that carried it stands. */
export interface InnerEventError extends Cause.YieldableError, InnerEventErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "InnerEventError"
}

/** Creates an {@link InnerEventError}. */
export const InnerEventError: new (fields: InnerEventErrorFields) => InnerEventError =
  class InnerEventError extends Data.TaggedError("InnerEventError")<InnerEventErrorFields> {
    /** One line without a piece of the event. */
    override get message(): string {
      return `inner event refused: ${this.reason}`
    }
  }

const MEMBERS = 6
const MAX_U64 = 0xffff_ffff_ffff_ffffn
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Makes an inner event.
 *
 * @param author the sender's account
 * @param createdAt Unix seconds
 * @throws {DecodeError} `invalid-value` when a string holds half of a surrogate pair
 */
export function makeInnerEvent(
  author: PublicKey,
  createdAt: bigint,
  { kind, tags, content }: InnerContent,
): InnerEvent {
  const event = { pubkey: author, created_at: createdAt, kind, tags, content }
  return { id: eventId(event) as MessageId, ...event }
}

/** Writes an inner event as the plaintext of an application message: compact JSON, members in order. */
export function encodeInnerEvent(event: InnerEvent): Uint8Array {
  const { id, pubkey, created_at, kind, tags, content } = event
  return encodeUtf8(
    `{"id":"${id}","pubkey":"${pubkey}","created_at":${created_at},"kind":${kind},"tags":${
      JSON.stringify(tags)
    },"content":${JSON.stringify(content)}}`,
  )
}

/**
 * Reads the plaintext of an application message. White space around and between is accepted, everything
 * else is strict: further, missing or repeated members (a `sig` too), numbers that are not written as
 * integers of 64 bits, another id.
 *
 * A kind above 2^53 - 1 is rounded after the id was checked over its exact value.
 *
 * @param sender account of the leaf that MLS says it came from
 * @throws {InnerEventError}
 */
export function decodeInnerEvent(plaintext: Uint8Array, sender: PublicKey): InnerEvent {
  const { id, event } = read(plaintext)
  if (eventId(event) !== id) throw new InnerEventError({ reason: "wrong-id" })
  if (event.pubkey !== sender) throw new InnerEventError({ reason: "wrong-author" })
  return { id: id as MessageId, ...event, pubkey: sender, kind: Number(event.kind) }
}

interface Members {
  readonly pubkey: string
  readonly created_at: bigint
  readonly kind: bigint
  readonly tags: ReadonlyArray<ReadonlyArray<string>>
  readonly content: string
}

const read = (plaintext: Uint8Array): { readonly id: string; readonly event: Members } => {
  let value: JsonValue
  try {
    value = readJson(plaintext, { maxBytes: MAX_BYTES, maxDepth: 8 })
  } catch (error) {
    if (error instanceof DecodeError) return malformed()
    throw error
  }
  if (!(value instanceof Map) || value.size !== MEMBERS) return malformed()
  return {
    id: text(value.get("id")),
    event: {
      pubkey: text(value.get("pubkey")),
      created_at: unsigned(value.get("created_at")),
      kind: unsigned(value.get("kind")),
      tags: list(value.get("tags")).map((tag) => list(tag).map(text)),
      content: text(value.get("content")),
    },
  }
}

function malformed(): never {
  throw new InnerEventError({ reason: "malformed" })
}

const text = (value: JsonValue | undefined): string =>
  typeof value === "string" ? value : malformed()

const unsigned = (value: JsonValue | undefined): bigint =>
  typeof value === "bigint" && value >= 0n && value <= MAX_U64 ? value : malformed()

const list = (value: JsonValue | undefined): ReadonlyArray<JsonValue> =>
  Array.isArray(value) ? value : malformed()
