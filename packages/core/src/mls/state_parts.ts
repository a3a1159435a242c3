/**
 * A state as named, versioned parts, so that what is written follows what changed.
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import type { MlsGroup } from "./group.ts"
import type { MlsLimits } from "./policy.ts"

/**
 * Parts by name. Two kinds of names:
 *
 * - `node/HASH` (HASH: 64 hex digits, the tree hash of a subtree) holds one node of the public
 *   tree. Its content follows from its name, so all states of one group may share these rows: they
 *   are never changed, only added and collected.
 * - every other name belongs to one state and must be kept apart per `stateId`:
 *   `head` (context, own leaf, tags), `epoch` (epoch secrets), `keys` (private keys),
 *   `ratchet/LEAF` (message keys of one sender), `secret/NODE` (a subtree of the secret tree that
 *   nobody used yet), `proposal/REF` (a pending proposal).
 *
 * Everything but `node/…` is secret. Every value starts with a format version byte.
 */
export type StateParts = ReadonlyMap<string, Uint8Array>

/** What changed between two values. */
export interface PartChanges {
  /** Parts to write. */
  readonly put: StateParts
  /** Names of parts of the same state that are gone. */
  readonly remove: ReadonlyArray<string>
}

/** True for a part that the states of one group share: `node/…`. */
export function isSharedPart(name: string): boolean {
  return name.startsWith("node/")
}

/** All parts of a value. */
export function encodeState(_group: MlsGroup): StateParts {
  throw new Error("not yet")
}

/**
 * What must be written to go from one value to another.
 *
 * With the same `stateId` (a message was read or sent, a proposal came) it is the difference: one
 * small part for an application message. With another `stateId` (a commit) it is every part of the
 * new state, but of the tree only the nodes that `before` does not have; `remove` is then empty,
 * because the old state is the caller's to keep or to delete as a whole.
 */
export function changedParts(_before: MlsGroup, _after: MlsGroup): PartChanges {
  throw new Error("not yet")
}

/** Names of the tree nodes that `gone` has and none of `kept` has: rows to collect. */
export function uniqueNodes(
  _gone: MlsGroup,
  _kept: ReadonlyArray<MlsGroup>,
): ReadonlyArray<string> {
  throw new Error("not yet")
}

/** What {@link decodeState} needs. */
export interface DecodeStateOptions {
  /** Primitives. */
  readonly crypto: CryptoProvider
  /** All parts of the state; further `node/…` parts of other states may be among them. */
  readonly parts: StateParts
  /** Windows and bounds; absent fields have their defaults. */
  readonly limits?: Partial<MlsLimits>
}

/**
 * Builds a value from its parts; copies everything. Every tree node is checked against its hash and
 * the root against the GroupContext.
 *
 * @throws MlsError `invalid-state` when parts are missing, damaged or of a newer version.
 */
export function decodeState(_options: DecodeStateOptions): MlsGroup {
  throw new Error("not yet")
}
