/**
 * Why the engine refuses an input or an intent. A refusal changes nothing.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"

/**
 * Closed reasons.
 *
 * Of states (spec 6.1, 7):
 * - `missing-state`: a component that the group needs or requires has no entry
 * - `malformed-state`: a component's bytes are not canonical
 * - `unsupported-component`: the group requires a component that this library does not know
 * - `misplaced-component`: a leaf-only component in the GroupContext
 * - `missing-requirement`: admin policy, identity proof, lifecycle or `app_data_update` not required
 * - `inactive-admin`: an admin without a leaf
 * - `unsupporting-leaf`: a member does not support what is required
 * - `bad-proof`: a leaf does not prove its account
 *
 * Of commits and proposals (spec 8, 11):
 * - `not-authorized`: only an admin may do this
 * - `forbidden-proposal`: a proposal that the profile never accepts, or not in this company
 * - `forbidden-update`: a component change that is never valid
 * - `changed-identity`: a leaf was handed to another account
 * - `invalid-disband`: a disband that is not complete, or not only that
 *
 * Of Welcomes (spec 9):
 * - `already-joined`: a live copy of this group is here
 * - `not-from-admin`: who invites is no admin of the group
 * - `wrong-inviter`: the rumor's author is not the one who signed the group state
 *
 * Of intents:
 * - `not-active`: the group was left, removed or disbanded
 * - `not-admin`, `already-member`, `not-a-member`, `pending`, `too-large`, `invalid-argument`
 */
export type RefusalReason =
  | "missing-state"
  | "malformed-state"
  | "unsupported-component"
  | "misplaced-component"
  | "missing-requirement"
  | "inactive-admin"
  | "unsupporting-leaf"
  | "bad-proof"
  | "not-authorized"
  | "forbidden-proposal"
  | "forbidden-update"
  | "changed-identity"
  | "invalid-disband"
  | "already-joined"
  | "not-from-admin"
  | "wrong-inviter"
  | "not-active"
  | "not-admin"
  | "already-member"
  | "not-a-member"
  | "pending"
  | "too-large"
  | "invalid-argument"

/** What a {@link GroupRefusal} carries. */
export interface RefusalFields {
  /** The rule that was broken. */
  readonly reason: RefusalReason
}

/** The engine refused. */
export interface GroupRefusal extends Cause.YieldableError, RefusalFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "GroupRefusal"
}

/** Creates a {@link GroupRefusal}. */
export const GroupRefusal: new (fields: RefusalFields) => GroupRefusal = class GroupRefusal
  extends Data.TaggedError("GroupRefusal")<RefusalFields> {
  /** One line without identifiers. */
  override get message(): string {
    return `group refused: ${this.reason}`
  }
}

/** Throws a {@link GroupRefusal}. */
export function refuse(reason: RefusalReason): never {
  throw new GroupRefusal({ reason })
}
