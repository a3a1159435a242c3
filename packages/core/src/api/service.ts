/**
 * The public service: one account on one device.
 *
 * @module
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ArgumentError, GroupError, InviteError, ServiceError } from "./errors.ts"
import type { Event } from "./event.ts"
import type {
  EventKey,
  GroupId,
  IntentId,
  InviteId,
  MessageId,
  PublicKey,
  RelayUrl,
} from "./ids.ts"
import type { Page, PageOf } from "./page.ts"
import type { Change, RelayTally, Sent } from "./sending.ts"
import type { Group, Invite, Message, Reach } from "./values.ts"

/** What a message is made of: a text, or any inner event kind that is not the library's own. */
export type Outgoing =
  | string
  | {
    /** 0 to 65 535; not 5, 7, 1009 or 1210, which have verbs of their own or belong to nobody. */
    readonly kind: number
    /** Any string. */
    readonly content: string
    /** Lists of strings. */
    readonly tags?: ReadonlyArray<ReadonlyArray<string>>
  }

/** How a message is sent. */
export interface SendOptions {
  /** The message that it answers; must be in the same group. */
  readonly replyTo?: MessageId
  /**
   * Two sends under one key (1 to 200 characters) are one message, across restarts and whatever they
   * send, and to whom: the second call returns the handle of the first and looks at nothing else.
   */
  readonly once?: string
}

/** The person's own account. */
export interface AccountApi {
  /** Who this is. */
  readonly publicKey: PublicKey
  /** Where this account is reached. */
  readonly relays: Effect.Effect<ReadonlyArray<RelayUrl>, ServiceError>
  /** Publishes a fresh KeyPackage in this device's slot; how many relays acknowledged. *relay* */
  readonly rotateKeyPackages: Effect.Effect<number, ServiceError>
}

/** What a new group is made of. */
export interface NewGroup {
  /** At most 256 UTF-8 bytes. */
  readonly name: string
  /** At most 4096 UTF-8 bytes. */
  readonly description?: string
  /** Who is invited, besides oneself. */
  readonly invite?: ReadonlyArray<PublicKey>
  /** Where its traffic goes, 1 to 16; default: the account's relays. */
  readonly relays?: ReadonlyArray<RelayUrl>
  /** How long messages stay, in whole seconds; default: for ever. */
  readonly retention?: Duration.Input
  /** Leave out who cannot be reached instead of failing. */
  readonly skipUnreachable?: boolean
}

/** How people are invited. */
export interface InviteOptions {
  /**
   * Who is in the group already is added anew, and every device that they had in it is removed in the
   * same commit: for somebody who lost a device, or restored a backup and lost the group's keys with
   * it. Default false: inviting a member fails with `already-member`.
   */
  readonly again?: boolean
}

/** Groups. */
export interface GroupsApi {
  /**
   * Founds a group; the account is its admin. Looks up the invitees' KeyPackages *(relay)*; what is
   * made is durable when this succeeds and the invitations go out after. Fails with `too-large` when
   * the Welcome would not fit a gift wrap (near 128 members), before anything is sent.
   */
  readonly create: (
    group: NewGroup,
  ) => Effect.Effect<
    { readonly group: Group; readonly change: Change },
    GroupError | InviteError | ServiceError
  >
  /** One group. */
  readonly get: (id: GroupId) => Effect.Effect<Group, GroupError | ServiceError>
  /** Groups, the one founded or joined last first. */
  readonly page: (
    query?: PageOf<Group, { readonly status?: Group["status"] }>,
  ) => Effect.Effect<Page<Group>, ArgumentError | ServiceError>
  /** Invites people; admins only. Looks up their KeyPackages *(relay)*. */
  readonly invite: (
    id: GroupId,
    who: ReadonlyArray<PublicKey>,
    options?: InviteOptions,
  ) => Effect.Effect<Change, GroupError | InviteError | ServiceError>
  /** Who could be invited now. *relay* */
  readonly reach: (
    who: ReadonlyArray<PublicKey>,
  ) => Effect.Effect<ReadonlyMap<PublicKey, Reach>, ServiceError>
}

/** Invitations that wait for an answer. */
export interface InvitesApi {
  /** Invitations, the newest first. */
  readonly page: (
    query?: PageOf<Invite, never>,
  ) => Effect.Effect<Page<Invite>, ArgumentError | ServiceError>
  /** Joins. The KeyPackage that was used is replaced afterwards. */
  readonly accept: (id: InviteId) => Effect.Effect<Group, InviteError | ServiceError>
  /** Forgets the invitation and its keys; the inviter is not told. */
  readonly decline: (id: InviteId) => Effect.Effect<void, InviteError | ServiceError>
}

/** Which messages of a timeline. */
export interface MessageFilter {
  /**
   * Messages whose text has all of these words, in any order: 1 to 256 UTF-16 units with a letter or digit
   * in them, else `search-text`. Whole words, without regard to case and diacritics; in scripts that are
   * written without spaces every character is a word. Emoji, punctuation and parts of words find nothing,
   * and there is no query syntax.
   *
   * What counts is the text as it reads now, of chat messages (`Content` `Text`): the text before an edit,
   * deleted messages, reactions, rows about the group and other kinds are not found. Of a text of more than
   * 32 000 UTF-16 units the first 32 000 are looked at. A message whose edit disappeared before itself is
   * not found any more.
   *
   * A cursor of such a page belongs to these words and this group.
   */
  readonly text?: string
}

/** Messages. Every send is durable when the call succeeds; the handle tells the rest. */
export interface MessagesApi {
  /** Sends a text (1 to 32 000 UTF-8 bytes) or an event of another kind. */
  readonly send: (
    to: GroupId,
    message: Outgoing,
    options?: SendOptions,
  ) => Effect.Effect<Sent, ArgumentError | GroupError | ServiceError>
  /** Puts an emoji (1 to 64 characters) under a message; null takes one's own away. */
  readonly react: (
    to: MessageId,
    emoji: string | null,
    options?: Pick<SendOptions, "once">,
  ) => Effect.Effect<Sent, ArgumentError | GroupError | ServiceError>
  /** Replaces the text of one's own message. */
  readonly edit: (
    id: MessageId,
    text: string,
    options?: Pick<SendOptions, "once">,
  ) => Effect.Effect<Sent, ArgumentError | GroupError | ServiceError>
  /** Deletes for everybody: one's own message, or any as an admin of a group with a name. */
  readonly remove: (
    id: MessageId,
    options?: Pick<SendOptions, "once">,
  ) => Effect.Effect<Sent, ArgumentError | GroupError | ServiceError>
  /**
   * Sends the same bytes again now, to every relay that has not answered for good; what is `Held` goes
   * when it can. Fails with `failed` after `Failed`, `Withdrawn` or `Superseded`: then nothing is sent
   * any more.
   */
  readonly retry: (id: IntentId) => Effect.Effect<void, GroupError | ServiceError>
  /** Finds what is being sent, also after a restart. */
  readonly handle: (id: IntentId) => Effect.Effect<Sent, GroupError | ServiceError>
  /** One message. */
  readonly get: (id: MessageId) => Effect.Effect<Message, GroupError | ServiceError>
  /**
   * A timeline, newest first: of one group, or of all of them together in the order of their arrival
   * here. With `where.text` only the messages that a search finds, in the same order; see
   * {@link MessageFilter}.
   *
   * Fails with `page-limit`, `cursor` and `search-text` for arguments that are not what they have to be,
   * and with `unknown-group`.
   *
   * @example
   * ```ts
   * import type { Message, MdkService } from "@mdk/core"
   * import * as Effect from "effect/Effect"
   *
   * // The last message of any group that says something about the invoice of March.
   * const find = (mdk: MdkService) =>
   *   Effect.map(
   *     mdk.messages.page("all", { where: { text: "invoice march" }, limit: 1 }),
   *     ({ items }): Message | undefined => items[0],
   *   )
   * ```
   */
  readonly page: (
    group: GroupId | "all",
    query?: PageOf<Message, MessageFilter>,
  ) => Effect.Effect<Page<Message>, ArgumentError | GroupError | ServiceError>
}

/** How a consumer consumes. */
export interface ConsumeOptions {
  /** Where a consumer that is new begins: with what comes (`now`, default) or with all there is. */
  readonly from?: "now" | "first"
  /** How often a handler may fail before its event is parked; 1 to 100, default 5. */
  readonly attempts?: number
}

/** Events. */
export interface EventsApi {
  /**
   * Offers events to a handler until interrupted: at least once, in order within a group, each event
   * again until the handler succeeded, also after a restart. A handler that fails `attempts` times
   * parks that event only, see {@link EventsApi.parked}. A handler that fails (or dies) with a
   * `ServiceError` other than `signer-refused` is not to blame: that is no attempt, and the event is
   * offered until it works. Pauses grow from 0.2 s to 30 s. One consumer of a name at a time.
   *
   * Fails with `consumer-name` for a name that is not 1 to 100 letters, digits, `.`, `_`, `:` or `-`
   * and for `attempts` out of bounds, and with a `ServiceError` when its own place cannot be read or
   * written; consuming again goes on there.
   */
  readonly consume: <E, R>(
    name: string,
    handler: (event: Event) => Effect.Effect<unknown, E, R>,
    options?: ConsumeOptions,
  ) => Effect.Effect<never, ArgumentError | ServiceError, R>
  /**
   * The events that this consumer's handler failed at too often, the oldest first, at most 1000. They
   * are kept until they are released and handled; those whose message, or invitation, is gone by now
   * are left out.
   */
  readonly parked: (name: string) => Effect.Effect<ReadonlyArray<Event>, ServiceError>
  /**
   * Has a parked event offered again, with a full number of attempts: by the consumer that is running,
   * before the next events, or else when one of this name runs. It is parked again when its handler
   * keeps failing. An event that is not parked stays as it is.
   */
  readonly release: (name: string, key: EventKey) => Effect.Effect<void, ServiceError>
  /** At most once, bounded, the oldest dropped: for screens. */
  readonly live: Stream.Stream<Event, ServiceError>
}

/** What {@link MdkService.sync} saw. */
export interface SyncReport {
  /** True when every relay sent all that it had and it was all stored. */
  readonly caughtUp: boolean
  /** Events received since the layer was built. */
  readonly received: number
  /** Inputs that cannot be opened yet and wait. */
  readonly waiting: number
  /** Sends that no relay has acknowledged. */
  readonly unsent: number
  /** Relays: caught up, refusing, silent. */
  readonly relays: RelayTally
}

/** State of the connections. */
export interface Status {
  /** Every relay in use. */
  readonly relays: ReadonlyMap<RelayUrl, "connecting" | "live" | "auth-needed" | "down">
  /** True when every relay sent all that it had. */
  readonly caughtUp: boolean
}

/**
 * One account on one device. Everything is local and immediate unless it says *relay*.
 *
 * After the layer's scope is over every call fails with `ServiceError` `closed`.
 */
export interface MdkService {
  /** The person's own account. */
  readonly account: AccountApi
  /** Groups. */
  readonly groups: GroupsApi
  /** Invitations that wait for an answer. */
  readonly invites: InvitesApi
  /** Messages. */
  readonly messages: MessagesApi
  /** Events. */
  readonly events: EventsApi
  /**
   * Waits until the relays sent all that they had and it is stored, or the time (default 10 s) is
   * over. It consumes no events and never fails for one bad group. *relay*
   */
  readonly sync: (
    options?: { readonly timeout?: Duration.Input },
  ) => Effect.Effect<SyncReport, ServiceError>
  /** The current state first, then every change. */
  readonly status: Stream.Stream<Status>
}

/** How an account is opened. */
export interface MdkOptions {
  /**
   * `ask` (default): invitations wait for `invites.accept`. `all`: each is accepted at once, also those
   * that waited when the account was opened.
   */
  readonly invites?: "ask" | "all"
  /** Read and queue without a socket; what was queued goes out at the next start. */
  readonly offline?: boolean
  /**
   * What to do about a database that is a restored backup or a copy: it may be older than what was
   * sent in its name, so that nothing of what it holds may be used to send.
   *
   * - `refuse` (default): it is not opened; fails with `OpenError` `restored-copy`
   * - `close-groups`: it is opened as a fresh device of its account. Every active group is closed
   *   (`Group.status` becomes `unrecoverable`): its keys are erased, names and messages stay to be read,
   *   sending fails with `GroupError` `unrecoverable`, and what was still to be sent ends in `Failed`.
   *   Invitations that waited are forgotten, this device's KeyPackages are erased and replaced, and it
   *   gets a signature key of its own, which the signer is asked to authorize. Consumers get
   *   `GroupChanged` and `SendChanged`. When a group's admin invites the account anew (see
   *   {@link InviteOptions.again}), the group goes on under its id, with its history.
   *
   * It changes nothing for any other database, but is not meant to be left on: who restores should
   * know. Closing can be interrupted anywhere: until all of it is done the database counts as restored
   * and the next opening with this option goes on. The copy that this one was made from must not be
   * used any more: both would publish KeyPackages in one slot.
   */
  readonly restored?: "refuse" | "close-groups"
}
