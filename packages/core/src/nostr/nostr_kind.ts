/**
 * The event kinds that Marmot puts on relays, and the kinds inside gift wraps.
 *
 * @module
 */

/** Kinds of envelopes. */
export const NostrKind: {
  /** NIP-59 seal. */
  readonly seal: 13
  /** Welcome, a rumor inside a seal. */
  readonly welcome: 444
  /** Group message: a commit, a proposal or an application message under the epoch's key. */
  readonly groupEvent: 445
  /** NIP-59 gift wrap. */
  readonly giftWrap: 1059
  /** NIP-65: where an account reads and writes. */
  readonly relayList: 10002
  /** NIP-17: where an account wants its gift wraps. */
  readonly inboxRelays: 10050
  /** KeyPackage, addressable by slot. */
  readonly keyPackage: 30443
} = {
  seal: 13,
  welcome: 444,
  groupEvent: 445,
  giftWrap: 1059,
  relayList: 10002,
  inboxRelays: 10050,
  keyPackage: 30443,
}
