/**
 * Identifiers of the public API: branded strings, parsed once, afterwards ordinary strings for
 * `===`, `Map` keys and JSON.
 *
 * @module
 */
import type * as Brand from "effect/Brand"
import * as Option from "effect/Option"
import { isRelayUrl } from "../components/mod.ts"
import { formatPublicKey, parsePublicKey } from "../identity/mod.ts"
import { ArgumentError } from "./errors.ts"

/** An account: the 64 lower-case hex characters of its Nostr public key. */
export type PublicKey = string & Brand.Brand<"PublicKey">
/**
 * A group: 64 lower-case hex characters, a hash of its private MLS group id. The same on every device;
 * it leads back to nothing that a relay sees.
 */
export type GroupId = string & Brand.Brand<"GroupId">
/** A message: the id of its inner event, 64 lower-case hex characters. */
export type MessageId = string & Brand.Brand<"MessageId">
/** An invitation on this device: 64 lower-case hex characters. */
export type InviteId = string & Brand.Brand<"InviteId">
/** An event of `mdk.events`: the same key each time the event is offered. */
export type EventKey = string & Brand.Brand<"EventKey">
/** Something that this device wants to send: 32 lower-case hex characters. */
export type IntentId = string & Brand.Brand<"IntentId">
/** A relay: an absolute `ws:` or `wss:` address. */
export type RelayUrl = string & Brand.Brand<"RelayUrl">

/** Parses one kind of id. */
export interface IdParser<A> {
  /** The id, or throws an {@link ArgumentError} that does not repeat the text. */
  readonly parse: (text: string) => A
  /** The id, or none. */
  readonly option: (text: string) => Option.Option<A>
}

const parser = <A extends string>(
  reason: ArgumentError["reason"],
  read: (text: string) => string | undefined,
): IdParser<A> => {
  const option = (text: string): Option.Option<A> => {
    const found = typeof text === "string" ? read(text) : undefined
    return found === undefined ? Option.none() : Option.some(found as A)
  }
  return {
    option,
    parse: (text) => {
      const found = option(text)
      if (Option.isNone(found)) throw new ArgumentError({ reason })
      return found.value
    },
  }
}

const hex = (characters: number) => {
  const pattern = new RegExp(`^[0-9a-f]{${characters}}$`)
  return (text: string): string | undefined => pattern.test(text) ? text : undefined
}

const publicKeyText = (text: string): string | undefined => {
  try {
    return parsePublicKey(text)
  } catch {
    return undefined
  }
}

const relayText = (text: string): string | undefined => isRelayUrl(text) ? text : undefined

/**
 * Parses an account: `npub1...`, `nprofile1...` or 64 hex characters, a point of the curve.
 *
 * @example
 * ```ts
 * import { PublicKey } from "@mdk/core"
 *
 * const key = PublicKey.parse("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9")
 * console.log(PublicKey.npub(key).startsWith("npub1"))
 * ```
 */
export const PublicKey: IdParser<PublicKey> & {
  /** The NIP-19 form, for people. */
  readonly npub: (key: PublicKey) => string
} = { ...parser<PublicKey>("public-key", publicKeyText), npub: formatPublicKey }

/** Parses a {@link GroupId}. */
export const GroupId: IdParser<GroupId> = parser("group-id", hex(64))
/** Parses a {@link MessageId}. */
export const MessageId: IdParser<MessageId> = parser("message-id", hex(64))
/** Parses an {@link InviteId}. */
export const InviteId: IdParser<InviteId> = parser("invite-id", hex(64))
/** Parses an {@link IntentId}. */
export const IntentId: IdParser<IntentId> = parser("intent-id", hex(32))
/** Parses an {@link EventKey}. */
export const EventKey: IdParser<EventKey> = parser(
  "event-key",
  (text) => /^[a-z]{1,12}:[0-9a-z:]{1,160}$/.test(text) ? text : undefined,
)
/** Parses a {@link RelayUrl}: at most 512 bytes, host present, no user part and no fragment. */
export const RelayUrl: IdParser<RelayUrl> = parser("relay-url", relayText)
