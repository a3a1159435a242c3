/**
 * One member of a group, whichever implementation it runs on.
 *
 * @module
 */

/** An extension as type and hexadecimal data. */
export type PlainExtension = readonly [type: number, data: string]

/** A proposal inside a commit. */
export type PlainProposal =
  | { readonly type: "add"; readonly key_package: string }
  | { readonly type: "remove"; readonly leaf: number }
  | {
    readonly type: "group_context_extensions"
    readonly extensions: ReadonlyArray<PlainExtension>
  }
  | { readonly type: "app_data_update"; readonly component: number; readonly data: string | null }
  | { readonly type: "psk"; readonly psk_id: string }

/** A proposal sent on its own. */
export type PlainRequest = PlainProposal | { readonly type: "update" } | {
  readonly type: "self_remove"
}

/** What a commit is to contain. */
export interface PlainCommit {
  /** Inline proposals in order. */
  readonly proposals: ReadonlyArray<PlainProposal>
  /** Whether all pending proposals are committed too. */
  readonly pending?: boolean
  /** Forces a path. */
  readonly path?: boolean
  /** Brings a new signature key into force. */
  readonly new_signer?: boolean
  /** New extensions of the committer's leaf. */
  readonly leaf_extensions?: ReadonlyArray<PlainExtension>
  /** `authenticated_data`. */
  readonly aad?: string
  /** Leaves the tree out of the Welcome. */
  readonly tree_beside?: boolean
}

/** A commit that is not adopted yet. */
export interface MadeCommit {
  /** MLSMessage. */
  readonly commit: string
  /** MLSMessage, when there is an Add. */
  readonly welcome: string | null
}

/** What a message turned out to be. */
export type PlainReceived =
  | {
    readonly kind: "application"
    readonly data: string
    readonly sender: number
    readonly aad: string
  }
  | { readonly kind: "proposal"; readonly sender: number }
  | { readonly kind: "commit"; readonly sender: number; readonly removed: boolean }

/** A state, as far as all members must agree on it. */
export interface PlainState {
  /** Epoch. */
  readonly epoch: number
  /** `epoch_authenticator`. */
  readonly epoch_authenticator: string
  /** Tree hash. */
  readonly tree_hash: string
  /** Encoded GroupContext. */
  readonly group_context: string
  /** Exporter secret for a fixed label. */
  readonly exporter_secret: string
  /** Leaves with identities, in leaf order. */
  readonly members: ReadonlyArray<readonly [leaf: number, identity: string]>
}

/** One member. Bytes are lowercase hexadecimal. */
export interface InteropMember {
  /** Name in reports. */
  readonly name: string
  /** Which implementation it runs on. */
  readonly kind: "ours" | "openmls"
  /** Identity of its credential. */
  readonly identity: string
  /** A fresh KeyPackage as an MLSMessage. */
  keyPackage(): Promise<string>
  /** Founds a group. */
  create(groupId: string, extensions: ReadonlyArray<PlainExtension>): Promise<void>
  /** Joins a group; the tree comes beside a Welcome that does not contain it. */
  join(welcome: string, tree?: string): Promise<void>
  /** Makes an external PSK known. */
  storePsk(id: string, psk: string): Promise<void>
  /** The ratchet tree of the current state. */
  tree(): Promise<string>
  /** Makes a proposal message. */
  propose(proposal: PlainRequest): Promise<string>
  /** Makes a commit; {@link InteropMember.merge} or {@link InteropMember.clear} follows. */
  commit(commit: PlainCommit): Promise<MadeCommit>
  /** Adopts the own commit. */
  merge(): Promise<void>
  /** Drops the own commit. */
  clear(): Promise<void>
  /** Seals application data. */
  send(data: string, aad?: string): Promise<string>
  /** Reads a message; a commit is adopted at once. Rejects when it is refused. */
  receive(message: string): Promise<PlainReceived>
  /** The current state. */
  state(): Promise<PlainState>
  /** Own leaf index. */
  leaf(): Promise<number>
}
