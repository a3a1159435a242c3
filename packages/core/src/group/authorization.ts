/**
 * Who may commit what (spec 8, 8.1, 11).
 *
 * @module
 */
import {
  ComponentId,
  decodeAdminPolicy,
  decodeGroupLifecycle,
  type GroupLifecycleState,
} from "../components/mod.ts"
import type { AppDataUpdate, CommitPreview, Proposal } from "../mls/mod.ts"
import type { GroupProfile } from "./group_profile.ts"
import type { GroupView } from "./group_view.ts"
import { accountOf, proveLeaf } from "./leaf_check.ts"
import { refuse } from "./refusal.ts"

/** `privileged`: the rule that applied requires an admin. Rivals are ordered by it. */
export type OrderingClass = "privileged" | "ordinary"

/** What an authorized commit is. */
export interface Authorization {
  /** Its class among rivals. */
  readonly ordering: OrderingClass
  /** True when it ends the group. */
  readonly disbands: boolean
}

const ADMIN_PROPOSALS: ReadonlySet<Proposal["type"]> = new Set<Proposal["type"]>([
  "add",
  "remove",
  "groupContextExtensions",
  "appDataUpdate",
])

/**
 * Judges a validated commit against its parent state: who made it, what it holds, and the leaves that
 * it brings. The invariants of the result are checked separately.
 *
 * @param parentMemberCount leaves of the parent state
 * @throws {GroupRefusal}
 */
export function authorizeCommit(
  profile: GroupProfile,
  preview: CommitPreview,
  parent: GroupView,
  parentMemberCount: number,
): Authorization {
  checkLeaves(preview)
  const { proposals } = preview
  if (proposals.length === 0) {
    if (!preview.hasPath) refuse("forbidden-proposal")
    return { ordering: "ordinary", disbands: false }
  }
  if (proposals.some(({ proposal }) => proposal.type === "selfRemove")) {
    checkDeparture(preview, parent)
    return { ordering: "ordinary", disbands: false }
  }
  if (proposals.some(({ proposal }) => !ADMIN_PROPOSALS.has(proposal.type))) {
    refuse("forbidden-proposal")
  }
  const admins = new Set(parent.admins)
  if (!admins.has(accountOf(preview.committer))) refuse("not-authorized")
  const proposers = new Set(proposals.map(({ sender }) => sender))
  proposers.delete(preview.committer.leafIndex)
  if (proposers.size > 0) checkProposers(preview, admins)
  checkUpdates(profile, preview)
  return { ordering: "privileged", disbands: checkDisband(preview, parent, parentMemberCount) }
}

/** New leaves must prove their account; a replaced leaf stays with its account. */
const checkLeaves = (preview: CommitPreview): void => {
  for (const member of preview.added) proveLeaf(member)
  for (const { before, after } of preview.changed) {
    if (proveLeaf(after) !== accountOf(before)) refuse("changed-identity")
  }
}

const checkDeparture = (preview: CommitPreview, parent: GroupView): void => {
  const admins = new Set(parent.admins)
  for (const { proposal, ref, sender } of preview.proposals) {
    if (proposal.type !== "selfRemove" || ref === undefined) refuse("forbidden-proposal")
    if (sender === preview.committer.leafIndex) refuse("forbidden-proposal")
  }
  for (const { member } of preview.removed) {
    if (admins.has(accountOf(member))) refuse("not-authorized")
  }
}

/** A proposal by reference is judged by its own sender, who must have been an admin. */
const checkProposers = (preview: CommitPreview, admins: ReadonlySet<string>): void => {
  const members = new Map(
    [...preview.removed.map(({ member }) => member), ...preview.members()]
      .map((member) => [member.leafIndex, member]),
  )
  for (const { sender } of preview.proposals) {
    const proposer = members.get(sender)
    if (proposer === undefined || !admins.has(accountOf(proposer))) refuse("not-authorized")
  }
}

const checkUpdates = (profile: GroupProfile, preview: CommitPreview): void => {
  const seen = new Set<number>()
  for (const { componentId, update } of preview.appDataUpdates) {
    if (seen.has(componentId) || profile.misplaced.includes(componentId)) {
      refuse("forbidden-update")
    }
    seen.add(componentId)
    if (update === undefined && profile.irremovable.includes(componentId)) {
      refuse("forbidden-update")
    }
  }
}

const lifecycleUpdate = (
  updates: ReadonlyArray<AppDataUpdate>,
): GroupLifecycleState | undefined => {
  const change = updates.find((update) => update.componentId === ComponentId.groupLifecycle)
  if (change?.update === undefined) return undefined
  try {
    return decodeGroupLifecycle(change.update)
  } catch {
    return refuse("malformed-state")
  }
}

/** A disband is complete and nothing else: lifecycle, admins and the removal of every other leaf. */
const checkDisband = (
  preview: CommitPreview,
  parent: GroupView,
  parentMemberCount: number,
): boolean => {
  const next = lifecycleUpdate(preview.appDataUpdates)
  if (next === "active") checkEnabling(preview, parent)
  if (next !== "disbanded") return false
  const { committer, proposals, appDataUpdates, removed } = preview
  const admins = appDataUpdates.find((update) => update.componentId === ComponentId.adminPolicy)
  const complete = parent.required.includes(ComponentId.groupLifecycle) &&
    proposals.every(({ ref }) => ref === undefined) &&
    appDataUpdates.length === 2 &&
    admins?.update !== undefined && isOnly(admins.update, accountOf(committer)) &&
    proposals.length === 2 + removed.length &&
    removed.length === parentMemberCount - 1 &&
    removed.every(({ member, by }) => by === "remove" && member.leafIndex !== committer.leafIndex)
  return complete || refuse("invalid-disband")
}

/** `active` is written once, into a group founded without a lifecycle, together with its requirement. */
const checkEnabling = ({ proposals, appDataUpdates }: CommitPreview, parent: GroupView): void => {
  const requires = appDataUpdates.some(({ componentId }) =>
    componentId === ComponentId.appComponents
  )
  const enables = parent.lifecycle === undefined && requires && proposals.length === 2
  if (!enables) refuse("forbidden-update")
}

const isOnly = (policy: Uint8Array, account: string): boolean => {
  try {
    const admins = decodeAdminPolicy(policy)
    return admins.length === 1 && admins[0] === account
  } catch {
    return false
  }
}
