/**
 * The shape of what a Nostr relay carries (NIP-01). A shape only: nothing here is verified.
 *
 * @module
 */

/** What is signed: an event without author, id and signature. */
export interface EventTemplate {
  /** Unix seconds. */
  readonly created_at: number
  /** 0 to 65 535. */
  readonly kind: number
  /** Lists of strings. */
  readonly tags: ReadonlyArray<ReadonlyArray<string>>
  /** Any string. */
  readonly content: string
}

/** A template with its author: what the id is computed over. */
export interface UnsignedEvent extends EventTemplate {
  /** Author, 64 lower-case hex characters. */
  readonly pubkey: string
}

/** A rumor: an event with an id and no signature (NIP-59). */
export interface Rumor extends UnsignedEvent {
  /** SHA-256 of the canonical form, 64 lower-case hex characters. */
  readonly id: string
}

/** A signed event. */
export interface NostrEvent extends Rumor {
  /** BIP-340 signature over the id, 128 lower-case hex characters. */
  readonly sig: string
}

/** A NIP-01 filter. All given conditions must hold; the lists are alternatives. */
export interface Filter {
  /** Event ids. */
  readonly ids?: ReadonlyArray<string>
  /** Authors. */
  readonly authors?: ReadonlyArray<string>
  /** Kinds. */
  readonly kinds?: ReadonlyArray<number>
  /** Single-letter tags: `{ h: [...] }` is sent as `#h`. */
  readonly tags?: Readonly<Record<string, ReadonlyArray<string>>>
  /** Oldest `created_at`, inclusive. */
  readonly since?: number
  /** Newest `created_at`, inclusive. */
  readonly until?: number
  /** Newest events first, at most so many, of what is stored. */
  readonly limit?: number
}
