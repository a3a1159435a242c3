/**
 * Kinds of inner application events.
 *
 * @module
 */

/** The kinds that this library interprets or hides; every other one is delivered as it is. */
export const MessageKind: {
  /** Deletion of messages or reactions (a convention of MDK). */
  readonly deletion: 5
  /** Reaction (a convention of MDK). */
  readonly reaction: 7
  /** Chat text. */
  readonly chat: 9
  /** Push token gossip, never shown. */
  readonly pushTokenUpdate: 447
  /** Push token gossip, never shown. */
  readonly pushTokenList: 448
  /** Push token gossip, never shown. */
  readonly pushTokenRemoval: 449
  /** New text for a chat message. */
  readonly edit: 1009
  /** Answer to a poll (NIP-88). */
  readonly pollResponse: 1018
  /** Poll (NIP-88). */
  readonly poll: 1068
  /** Something that happened to the group. */
  readonly system: 1210
} = {
  deletion: 5,
  reaction: 7,
  chat: 9,
  pushTokenUpdate: 447,
  pushTokenList: 448,
  pushTokenRemoval: 449,
  edit: 1009,
  pollResponse: 1018,
  poll: 1068,
  system: 1210,
}
