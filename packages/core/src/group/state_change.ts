/**
 * What a commit changed, as rows for people (spec 10, kind 1210). Synthesized here, never received.
 *
 * @module
 */
import { encodeHex } from "../codec/mod.ts"
import { ComponentId } from "../components/mod.ts"
import { equalBytes } from "../crypto/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import type { SystemRowData, SystemRowType } from "../message/mod.ts"
import type { GroupView } from "./group_view.ts"

/** One change of a group. */
export interface StateChange {
  /** What happened. */
  readonly type: SystemRowType
  /** To whom, by whom, from what to what; the actor only where MDK's rows name one. */
  readonly data: SystemRowData
}

/** One side of a commit. */
export interface GroupSide {
  /** The settings. */
  readonly view: GroupView
  /** Accounts with at least one leaf. */
  readonly accounts: ReadonlySet<PublicKey>
}

/**
 * The rows of an applied commit: admins, members, name, picture, timer; of a disband only that.
 *
 * Members are accounts: one more device of a member is no row.
 *
 * @param leavers accounts that asked to leave, so that they are not said to have been removed
 */
export function changesOf(
  before: GroupSide,
  after: GroupSide,
  actor: PublicKey,
  leavers: ReadonlySet<PublicKey>,
): ReadonlyArray<StateChange> {
  if (after.view.lifecycle === "disbanded") return [{ type: "group_disbanded", data: { actor } }]
  return [
    ...difference(
      new Set(before.view.admins),
      new Set(after.view.admins),
      "admin_added",
      () => "admin_removed",
    ),
    ...difference(
      before.accounts,
      after.accounts,
      "member_added",
      (subject) => leavers.has(subject) ? "member_left" : "member_removed",
    ),
    ...settingChanges(before.view, after.view, actor),
  ]
}

const difference = (
  before: ReadonlySet<PublicKey>,
  after: ReadonlySet<PublicKey>,
  added: SystemRowType,
  gone: (subject: PublicKey) => SystemRowType,
): ReadonlyArray<StateChange> => {
  const changes: Array<StateChange> = []
  for (const subject of after) {
    if (!before.has(subject)) changes.push({ type: added, data: { subject } })
  }
  for (const subject of before) {
    if (!after.has(subject)) changes.push({ type: gone(subject), data: { subject } })
  }
  return changes
}

const settingChanges = (
  before: GroupView,
  after: GroupView,
  actor: PublicKey,
): ReadonlyArray<StateChange> => {
  const changes: Array<StateChange> = []
  if (before.name !== after.name) {
    changes.push({ type: "group_renamed", data: { name: after.name, old_name: before.name } })
  }
  const pictures = [ComponentId.avatarUrl, ComponentId.blossomImage]
  if (pictures.some((id) => pictureIn(before, id) !== pictureIn(after, id))) {
    changes.push({ type: "group_avatar_changed", data: {} })
  }
  if (before.retention !== after.retention) {
    changes.push({
      type: "disappearing_timer_changed",
      data: {
        actor,
        new_retention_seconds: after.retention,
        old_retention_seconds: before.retention,
      },
    })
  }
  return changes
}

/** A picture's bytes; a present one whose fields are all empty is no picture (spec 6.2). */
const pictureIn = ({ components }: GroupView, id: number): string => {
  const state = components.get(id)
  return state === undefined || state.every((byte) => byte === 0) ? "" : encodeHex(state)
}

/** True when a component was set, replaced or dropped. */
export const differs = (id: number, before: GroupView, after: GroupView): boolean => {
  const old = before.components.get(id)
  const now = after.components.get(id)
  if (old === undefined || now === undefined) return old !== now
  return !equalBytes(old, now)
}
