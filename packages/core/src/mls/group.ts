/**
 * The immutable value at the centre: one state of one group copy.
 *
 * @module
 */
import * as Redactable from "effect/Redactable"
import type { Extension } from "./extension.ts"
import type { GroupContext } from "./group_context.ts"
import type { GroupState } from "./group_state.ts"
import { releaseState, stateIdOf } from "./group_state.ts"
import { exporterSecret } from "./key_schedule.ts"
import { type Member, memberOf } from "./member.ts"
import { type PendingProposal, pendingView } from "./pending_proposal.ts"
import { encodeRatchetTree, leafCount, leafOf } from "./ratchet_tree.ts"

let read: (group: MlsGroup) => GroupState
let make: (state: GroupState) => MlsGroup
let end: (group: MlsGroup) => void

/**
 * One state of one copy of a group: epoch, own leaf, context, tree, secrets and pending proposals.
 *
 * Values are immutable. Every operation returns the next value and leaves this one as it was, so
 * several states of one epoch can stand side by side. Values share what did not change;
 * {@link retire} zeroes the secrets that no other living value needs. Use after `retire` throws a
 * `TypeError`.
 *
 * Byte strings that accessors return are windows on the value: read-only.
 */
export class MlsGroup {
  #state: GroupState | undefined
  #stateId: string | undefined

  private constructor(state: GroupState) {
    this.#state = state
  }

  static {
    read = (group) => group.#live()
    make = (state) => new MlsGroup(state)
    end = (group) => {
      const state = group.#state
      group.#state = undefined
      if (state !== undefined) releaseState(state)
    }
  }

  #live(): GroupState {
    if (this.#state === undefined) throw new TypeError("group value was retired")
    return this.#state
  }

  /** True after {@link retire}. */
  get retired(): boolean {
    return this.#state === undefined
  }

  /** The MLS group id: private, never published or logged. */
  get groupId(): Uint8Array {
    return this.#live().context.groupId
  }

  /** Epoch number. */
  get epoch(): bigint {
    return this.#live().context.epoch
  }

  /** Our leaf index. */
  get ownLeaf(): number {
    return this.#live().ownLeaf
  }

  /**
   * Identity of this state, 64 lowercase hex digits: SHA-256 over GroupContext and confirmation tag.
   * Equal for all members and all values of one state (reading messages does not change it),
   * different for two states of one epoch. Derived from private data: not for logs.
   */
  get stateId(): string {
    return this.#stateId ??= stateIdOf(this.#live())
  }

  /** The GroupContext. */
  get context(): GroupContext {
    return this.#live().context
  }

  /** The TLS encoding of the GroupContext. */
  get contextBytes(): Uint8Array {
    return this.#live().contextBytes
  }

  /** GroupContext extensions in their order. */
  get extensions(): ReadonlyArray<Extension> {
    return this.#live().context.extensions
  }

  /** Hash of the ratchet tree's root, 32 bytes. */
  get treeHash(): Uint8Array {
    return this.#live().context.treeHash
  }

  /** Tag of the commit that led here (or of epoch 0), 32 bytes. */
  get confirmationTag(): Uint8Array {
    return this.#live().confirmationTag
  }

  /** Hash over the transcript up to and with the last confirmation tag, 32 bytes. */
  get interimTranscriptHash(): Uint8Array {
    return this.#live().interimTranscriptHash
  }

  /** A copy of the epoch authenticator, 32 bytes, equal for all members of this state. */
  get epochAuthenticator(): Uint8Array {
    return this.#live().secrets.epochAuthenticator.bytes.slice()
  }

  /** A copy of the resumption PSK of this epoch, 32 bytes: secret. */
  get resumptionPsk(): Uint8Array {
    return this.#live().secrets.resumptionPsk.bytes.slice()
  }

  /** The ratchet tree as in the extension `ratchet_tree`. */
  get ratchetTreeBytes(): Uint8Array {
    return encodeRatchetTree(this.#live().tree)
  }

  /** Number of members. */
  get memberCount(): number {
    return leafCount(this.#live().tree)
  }

  /** All members in leaf order. */
  members(): ReadonlyArray<Member> {
    const { tree } = this.#live()
    const members: Array<Member> = []
    for (let i = 0; i < tree.leaves.length; i++) {
      const leaf = leafOf(tree, i)
      if (leaf !== undefined) members.push(memberOf(i, leaf))
    }
    return members
  }

  /** The member in a leaf; `undefined` when it is blank or does not exist. */
  member(leafIndex: number): Member | undefined {
    const leaf = leafOf(this.#live().tree, leafIndex)
    return leaf === undefined ? undefined : memberOf(leafIndex, leaf)
  }

  /** Proposals that wait for a commit, in the order in which they came. */
  proposals(): ReadonlyArray<PendingProposal> {
    return this.#live().proposals.map(pendingView)
  }

  /**
   * `MLS-Exporter` of RFC 9420 section 8.5.
   *
   * @param label application label. Bound it: labels are kept in memory.
   * @param context application context.
   * @param length bytes wanted, 0 to 8160; the caller owns and zeroes them.
   */
  exporter(label: string, context: Uint8Array, length: number): Uint8Array {
    const { crypto, secrets } = this.#live()
    return exporterSecret(crypto, secrets.exporter.bytes, label, context, length)
  }

  /** Prints as `<MlsGroup>`. */
  toString(): string {
    return "<MlsGroup>"
  }

  /** Serializes as `<MlsGroup>`. */
  toJSON(): string {
    return "<MlsGroup>"
  }
}

// Symbol-keyed methods cannot be declared in a class under isolatedDeclarations.
for (
  const symbol of [
    Symbol.for("nodejs.util.inspect.custom"),
    Symbol.for("Deno.customInspect"),
    Redactable.symbolRedactable,
  ]
) {
  Object.defineProperty(MlsGroup.prototype, symbol, { value: () => "<MlsGroup>" })
}

/**
 * Zeroes the secrets of this value that no other living value holds, and makes it unusable. Call it
 * once the value that replaces it is durable. Repeating it is harmless.
 */
export function retire(group: MlsGroup): void {
  end(group)
}

/** The state inside a value: for the other files of this room. */
export function stateOf(group: MlsGroup): GroupState {
  return read(group)
}

/** Wraps a state: for the other files of this room. Takes over the state's hold on its secrets. */
export function groupOf(state: GroupState): MlsGroup {
  return make(state)
}
