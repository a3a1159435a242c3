/**
 * Invitations as they are stored: the Welcome, a copy of the KeyPackage that opens it (secret), and
 * what it says about the group.
 *
 * @module
 */
import { decodeTls, encodeSecretTls } from "../codec/mod.ts"
import type { CryptoProvider } from "../crypto/mod.ts"
import { decodeRecord, encodeRecord, type GroupSummary, INVITES } from "../group/mod.ts"
import { decodeOwnKeyPackage, encodeOwnKeyPackage, type OwnKeyPackage } from "../mls/mod.ts"
import type { Row } from "../services/storage.ts"
import type { Verb } from "../services/storage_batch.ts"

/** What an invitation says. */
export interface InviteClaim {
  /** Who invites. */
  readonly from: string
  /** True when a group was shared with the inviter. */
  readonly known: boolean
  /** What the Welcome says about the group. */
  readonly summary: GroupSummary
  /** `created_at` of the rumor. */
  readonly sentAt: number
  /** When it was stored, Unix milliseconds. */
  readonly receivedAt: number
}

/** An invitation. */
export interface StoredInvite extends InviteClaim {
  /** InviteId. */
  readonly id: string
  /** Order. */
  readonly position: number
  /** GroupId. */
  readonly group: string
  /** The Welcome as an MLSMessage. */
  readonly welcome: Uint8Array
  /** Encoded own KeyPackage: secret. */
  readonly keyPackage: Uint8Array
}

/** The verb that stores an invitation. */
export const putInvite = (
  invite: Omit<StoredInvite, "keyPackage">,
  own: OwnKeyPackage,
): Verb => {
  const { from, known, summary, sentAt, receivedAt } = invite
  const secret = encodeOwnKeyPackage(own)
  const value = encodeSecretTls((w) =>
    w.opaqueV(encodeRecord({ from, known, summary, sentAt, receivedAt } satisfies InviteClaim))
      .opaqueV(invite.welcome).opaqueV(secret)
  )
  secret.fill(0)
  return {
    verb: "put",
    collection: INVITES.name,
    key: invite.id,
    columns: { position: invite.position, group_id: invite.group },
    value,
  }
}

/** Reads an invitation back. */
export const readInvite = (row: Row): StoredInvite =>
  decodeTls(row.value, (r) => ({
    ...decodeRecord<InviteClaim>(r.viewV()),
    id: String(row.key),
    position: Number(row.columns["position"]),
    group: String(row.columns["group_id"]),
    welcome: r.opaqueV(),
    keyPackage: r.opaqueV(),
  }))

/** What an invitation says, without what is secret; the row's bytes are zeroed. */
export const readClaim = (row: Row): InviteClaim & Pick<StoredInvite, "id"> => {
  const claim = decodeTls(row.value, (r) => {
    const claim = decodeRecord<InviteClaim>(r.viewV())
    r.viewV()
    r.viewV()
    return claim
  })
  row.value.fill(0)
  return { ...claim, id: String(row.key) }
}

/** The KeyPackage of an invitation; owned by the caller. */
export const inviteKeyPackage = (crypto: CryptoProvider, invite: StoredInvite): OwnKeyPackage =>
  decodeOwnKeyPackage(crypto, invite.keyPackage)
