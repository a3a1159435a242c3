/**
 * Moving a group to its next state: by a commit that was received, or by one of our own that a relay
 * acknowledged. Both pass through here, so that both end in the same state.
 *
 * @module
 */
import { ComponentId } from "../components/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import type { GroupProfile } from "./group_profile.ts"
import { accountsOf, type GroupState, type RetainedState, summaryOf, tipOf } from "./group_state.ts"
import type { GroupView } from "./group_view.ts"
import { refuse } from "./refusal.ts"
import { changesOf, differs, type StateChange } from "./state_change.ts"
import type { GroupAspect, GroupMoved } from "./step.ts"

/** What became of a group. */
export interface Adopted {
  /** The group afterwards. */
  readonly group: GroupState
  /** What there is to tell. */
  readonly moved: GroupMoved
  /** States that are kept no more. Retire them when the new value is durable. */
  readonly dropped: ReadonlyArray<RetainedState>
}

/** What leads from one state to the next. */
export interface Transition {
  /** SHA-256 of the commit's MLSMessage, hex. */
  readonly digest: string
  /** Who committed. */
  readonly actor: PublicKey
  /** Accounts that asked to leave. */
  readonly leavers: ReadonlySet<PublicKey>
  /** Epoch that results. */
  readonly epoch: bigint
  /** Settings that result. */
  readonly view: GroupView
  /** Accounts that result. */
  readonly accounts: ReadonlySet<PublicKey>
}

/** Adopts a next state of which we are a member. */
export function adopt(
  profile: GroupProfile,
  group: GroupState,
  next: RetainedState,
  transition: Transition,
): Adopted {
  if (transition.view.lifecycle === "disbanded") return end(group, "disbanded", transition)
  const tip = tipOf(group) ?? refuse("not-active")
  const states = [next, ...group.states]
  const kept = states.slice(0, profile.retainedStates + 1)
  const changes = changesBetween(tip, transition)
  return {
    group: {
      ...group,
      states: kept,
      pending: undefined,
      summary: summaryOf(transition.view, transition.accounts),
    },
    moved: tell(group, transition, changes, aspectsOf(tip.view, transition, changes)),
    dropped: states.slice(profile.retainedStates + 1),
  }
}

/** Ends a copy: we are no member any more, or the group was disbanded. Its secrets go. */
export function end(
  group: GroupState,
  status: "removed" | "disbanded",
  transition: Transition,
): Adopted {
  const tip = tipOf(group) ?? refuse("not-active")
  const changes = changesBetween(tip, transition)
  const aspects = [...aspectsOf(tip.view, transition, changes), "status" as const]
  return {
    group: {
      ...group,
      status,
      states: [],
      pending: undefined,
      summary: summaryOf(transition.view, transition.accounts),
    },
    moved: tell(group, transition, changes, aspects),
    dropped: group.pending === undefined ? group.states : [...group.states, group.pending.state],
  }
}

const changesBetween = (
  tip: RetainedState,
  { view, accounts, actor, leavers }: Transition,
): ReadonlyArray<StateChange> =>
  changesOf({ view: tip.view, accounts: accountsOf(tip.mls) }, { view, accounts }, actor, leavers)

const tell = (
  group: GroupState,
  { digest, epoch, actor }: Transition,
  changes: ReadonlyArray<StateChange>,
  aspects: ReadonlyArray<GroupAspect>,
): GroupMoved => ({ tag: "moved", group: group.id, digest, epoch, actor, changes, aspects })

const aspectsOf = (
  before: GroupView,
  { view }: Transition,
  changes: ReadonlyArray<StateChange>,
): ReadonlyArray<GroupAspect> => {
  const aspects = new Set<GroupAspect>()
  for (const { type } of changes) {
    if (type.startsWith("member_")) aspects.add("members")
    else if (type.startsWith("admin_")) aspects.add("admins")
  }
  const profile = [ComponentId.groupProfile, ComponentId.avatarUrl, ComponentId.blossomImage]
  if (profile.some((id) => differs(id, before, view))) aspects.add("profile")
  if (differs(ComponentId.nostrRouting, before, view)) aspects.add("relays")
  if (before.retention !== view.retention) aspects.add("retention")
  return [...aspects]
}
