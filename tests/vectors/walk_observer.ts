/**
 * One observer of a recorded walk: its KeyPackage, its present state and the few before it.
 *
 * @module
 */
import {
  decodeState,
  encodeState,
  importKeyPackage,
  isSharedPart,
  join,
  type Joined,
  keyPackageRef,
  MlsError,
  type MlsGroup,
  type MlsPolicy,
  type OwnKeyPackage,
  peek,
  type Processed,
  processMessage,
  retire,
} from "../../packages/core/src/mls/mod.ts"
import { crypto, hex, toHex } from "./rfc9420/family.ts"
import type { WalkObserver } from "./walk_schema.ts"

/** What an observer is judged by. */
export interface ObserverRules {
  /** Clock, lifetimes, wire formats. */
  readonly policy: MlsPolicy
  /** Ratchet windows. */
  readonly limits: { readonly outOfOrder: number; readonly forward: number }
  /** How many states before the present one are kept. */
  readonly pastEpochs: number
}

/** No state of the message's epoch, or no group at all: as good as a refusal of the machine. */
class NoState extends Error {}

/** Our machine in the place of one member. */
export class Observer {
  readonly recorded: WalkObserver
  readonly keyPackage: OwnKeyPackage
  readonly #rules: ObserverRules
  // The current state last.
  #states: Array<MlsGroup> = []
  #member = false

  constructor(recorded: WalkObserver, rules: ObserverRules) {
    this.recorded = recorded
    this.#rules = rules
    this.keyPackage = importKeyPackage({
      crypto,
      keyPackage: hex(recorded.key_package).subarray(4),
      initKey: hex(recorded.init_private),
      leafKey: hex(recorded.encryption_private),
      signatureSeed: hex(recorded.signature_private),
    })
    const { keyPackage, message } = this.keyPackage
    const { leafNode } = keyPackage
    if (
      toHex(message) !== recorded.key_package ||
      toHex(keyPackageRef(crypto, keyPackage)) !== recorded.key_package_ref ||
      toHex(leafNode.signatureKey) !== recorded.signature_public ||
      toHex(leafNode.credential.content) !== recorded.identity
    ) {
      throw new Error("KeyPackage, reference, signature key or identity differs")
    }
  }

  /** Whether it has joined and was not removed. */
  get member(): boolean {
    return this.#member
  }

  /** The present state; after a removal the last one. */
  get current(): MlsGroup {
    const state = this.#states.at(-1)
    if (state === undefined) throw new NoState("the observer has no group")
    return state
  }

  /** Joins, without adopting the group. */
  join(welcome: Uint8Array): Joined {
    const { policy, limits } = this.#rules
    return join({ crypto, welcome, keyPackages: [this.keyPackage], policy, limits })
  }

  /** Reads a message with the state it belongs to, without adopting what follows. */
  read(message: Uint8Array): { readonly before: MlsGroup; readonly received: Processed } {
    const before = this.#stateFor(message)
    return { before, received: processMessage(before, message, this.#rules.policy) }
  }

  // Only application messages may be late: a handshake message belongs to the current state.
  #stateFor(message: Uint8Array): MlsGroup {
    const head = peek(message)
    if (!("content" in head) || head.content !== "application") return this.current
    const state = this.#states.find((s) => s.epoch === head.epoch)
    if (state === undefined) throw new NoState("no state of that epoch is kept")
    return state
  }

  /** Whether a call is refused by the machine; any other failure is one of ours and passed on. */
  refuses(call: () => unknown): boolean {
    try {
      call()
    } catch (error) {
      if (error instanceof MlsError || error instanceof NoState) return true
      throw error
    }
    return false
  }

  /** Puts the value that a message led to in the place of the one before. */
  replace(before: MlsGroup, after: MlsGroup): void {
    this.#states = this.#states.map((s) => s === before ? after : s)
    if (before !== after) retire(before)
  }

  /** Adopts the next epoch. */
  advance(next: MlsGroup): void {
    this.#member = true
    this.#states.push(next)
    while (this.#states.length > this.#rules.pastEpochs + 1) {
      retire(this.#states.shift() as MlsGroup)
    }
  }

  /** Learns of its removal; the old states stay, to see what they refuse. */
  leave(): void {
    this.#member = false
  }

  /** Takes every state apart and puts it together again from its stored parts. */
  reload(): void {
    this.#states = this.#states.map((state) => {
      const again = decodeState({ crypto, parts: encodeState(state), limits: this.#rules.limits })
      if (fingerprint([again]) !== fingerprint([state])) throw new Error("stored parts differ")
      retire(state)
      return again
    })
  }

  /** Changes when any state of it changes in any byte. */
  fingerprint(): string {
    return fingerprint(this.#states)
  }
}

// The shared parts are named by their content.
function fingerprint(states: ReadonlyArray<MlsGroup>): string {
  return states.flatMap((state) =>
    [...encodeState(state)].map(([name, bytes]) =>
      isSharedPart(name) ? name : `${state.stateId} ${name} ${toHex(crypto.sha256(bytes))}`
    ).sort()
  ).join("\n")
}
