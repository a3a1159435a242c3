/**
 * What an application sees: groups, invitations, messages. Plain, frozen values; nothing here
 * changes under its reader.
 *
 * @module
 */
import type * as Duration from "effect/Duration"
import type { GroupId, InviteId, MessageId, PublicKey, RelayUrl } from "./ids.ts"
import type { SendState } from "./sending.ts"

/**
 * What a message says. `Other` holds every kind that the library does not interpret: polls, unknown
 * kinds, claims of system rows by members.
 */
export type Content =
  | { readonly _tag: "Text"; readonly text: string }
  /** Something that happened to the group, seen by this device itself. */
  | {
    readonly _tag: "System"
    /** `member_added`, `member_removed`, `member_left`, `admin_added`, `admin_removed`, ... */
    readonly type: string
    /** A plain English line. */
    readonly text: string
    /** `actor`, `subject`, `name`, ... where they apply. */
    readonly data: Readonly<Record<string, unknown>>
  }
  | {
    readonly _tag: "Other"
    readonly kind: number
    readonly content: string
    readonly tags: ReadonlyArray<ReadonlyArray<string>>
  }
  | { readonly _tag: "Deleted"; readonly by: "author" | "admin" }

/** One emoji under a message, and who put it there. */
export interface Reaction {
  /** The emoji. */
  readonly emoji: string
  /** Whose it is, in order of arrival. */
  readonly by: ReadonlyArray<PublicKey>
}

/** One row of a timeline, with edits, deletion and reactions resolved. */
export interface Message {
  /** The id; edits do not change it. */
  readonly id: MessageId
  /** The group. */
  readonly group: GroupId
  /** Whose MLS leaf sent it; proven. */
  readonly author: PublicKey
  /** The author's word for when. */
  readonly claimedAt: Date
  /** When this device stored it. */
  readonly receivedAt: Date
  /** What it says now. */
  readonly content: Content
  /** Always a string that can be shown. */
  readonly fallback: string
  /** When it was last edited, by the author's word. */
  readonly edited?: Date
  /** What it answers. */
  readonly replyTo?: MessageId
  /** When it disappears, where the group says so. */
  readonly expiresAt?: Date
  /** Reactions, in order of arrival. */
  readonly reactions: ReadonlyArray<Reaction>
  /** Where sending stands; only on one's own messages from this device. */
  readonly send?: SendState
}

/** A group as this device knows it. */
export interface Group {
  /** The id on this device. */
  readonly id: GroupId
  /** The name; empty for direct chats. */
  readonly name: string
  /** The description. */
  readonly description: string
  /** Admins, sorted. */
  readonly admins: ReadonlyArray<PublicKey>
  /** Members, sorted, each once however many devices it has. */
  readonly members: ReadonlyArray<PublicKey>
  /** Where the group's traffic goes. */
  readonly relays: ReadonlyArray<RelayUrl>
  /** How long messages stay; absent: for ever. */
  readonly retention?: Duration.Duration
  /** The newest message. */
  readonly last?: Message
  /**
   * `removed`: this device was removed, reading stays. `disbanded`: the group has ended.
   * `unrecoverable`: this device gave its keys of the group up (see `MdkOptions.restored`); reading
   * stays, and a fresh invitation makes it `active` again.
   */
  readonly status: "active" | "removed" | "disbanded" | "unrecoverable"
}

/** An invitation that waits for an answer. */
export interface Invite {
  /** The id on this device. */
  readonly id: InviteId
  /** Who invites: an admin of the group, proven by the signed group state. */
  readonly from: PublicKey
  /** True when this device shares a group with the inviter. */
  readonly known: boolean
  /** What the invitation says about the group. */
  readonly group: Pick<Group, "id" | "name" | "members" | "admins">
  /** When it was stored here. */
  readonly receivedAt: Date
}

/** Whether a person can be invited: `no-key-package` is cured by them coming online once. */
export type Reach = "ready" | "no-key-package" | "incompatible"
