/**
 * Sending an application message.
 *
 * @module
 */
import { encodeHex } from "../codec/mod.ts"
import { expiryOf } from "../components/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import { encodeInnerEvent, type InnerEvent } from "../message/mod.ts"
import { messageDigest, type MlsGroup, seal } from "../mls/mod.ts"
import { sealGroupEvent } from "../nostr/mod.ts"
import type { EntropyService, NostrEvent } from "../services/mod.ts"
import { type GroupState, tipOf, withMls } from "./group_state.ts"
import { refuse } from "./refusal.ts"

/** A message that is ready to be published once `group` is durable. */
export interface SealedMessage {
  /** The group, whose ratchet moved on. */
  readonly group: GroupState
  /** The MLS value that nobody needs when `group` is durable. */
  readonly spent: MlsGroup
  /** The kind 445 event. */
  readonly event: NostrEvent
  /** Where it goes. */
  readonly relays: ReadonlyArray<string>
  /** SHA-256 of the MLSMessage, hex: our own echo is known by it. */
  readonly digest: string
  /** Epoch that it belongs to. */
  readonly epoch: bigint
  /** Unix seconds when it disappears. */
  readonly expiresAt: bigint | undefined
}

/**
 * Encrypts an inner event in the current epoch.
 *
 * @throws {GroupRefusal} `not-active` for an inert copy, `pending` while a commit of our own is on
 * its way
 * @throws EnvelopeError `too-large`
 */
export function sealMessage(
  group: GroupState,
  event: InnerEvent,
  { crypto, entropy }: { readonly crypto: CryptoProvider; readonly entropy: EntropyService },
): SealedMessage {
  const tip = tipOf(group) ?? refuse("not-active")
  if (group.pending !== undefined) refuse("pending")
  const sealed = seal(tip.mls, encodeInnerEvent(event), { entropy })
  const { routing, retention } = tip.view
  const expiresAt = expiryOf(event.created_at, retention)
  return {
    group: {
      ...group,
      states: [withMls(tip, sealed.group), ...group.states.slice(1)],
    },
    spent: tip.mls,
    event: sealGroupEvent({
      nostrGroupId: routing.nostrGroupId,
      key: tip.outerKey.bytes,
      message: sealed.message,
      createdAt: Number(event.created_at),
      ...(expiresAt === undefined ? {} : { expiration: expiresAt }),
    }, entropy),
    relays: routing.relays,
    digest: encodeHex(messageDigest(crypto, sealed.message)),
    epoch: tip.mls.epoch,
    expiresAt,
  }
}
