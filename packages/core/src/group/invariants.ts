/**
 * What must hold in every epoch of a group, whatever a commit touched (spec 6.1).
 *
 * @module
 */
import { checkGroupComponent, ComponentId } from "../components/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import { type GroupContext, type Member, requiredCapabilities } from "../mls/mod.ts"
import type { GroupProfile } from "./group_profile.ts"
import { type GroupView, viewOf } from "./group_view.ts"
import { accountOf, supportedBy } from "./leaf_check.ts"
import { refuse } from "./refusal.ts"

/**
 * Checks a resulting state and decodes it.
 *
 * The identity proofs of leaves are not checked here: they are verified when a leaf enters the tree.
 *
 * @param parent the state before, absent when joining
 * @throws {GroupRefusal} with the invariant that does not hold
 */
export function checkInvariants(
  profile: GroupProfile,
  context: GroupContext,
  members: ReadonlyArray<Member>,
  parent: GroupView | undefined,
): GroupView {
  const view = viewOf(context)
  checkRequirements(profile, context, view, parent)
  checkComponents(profile, view)
  checkMembers(view, members)
  return view
}

const checkRequirements = (
  profile: GroupProfile,
  context: GroupContext,
  view: GroupView,
  parent: GroupView | undefined,
): void => {
  const required = new Set(view.required)
  if (profile.alwaysRequired.some((id) => !required.has(id))) refuse("missing-requirement")
  const lifecycle = ComponentId.groupLifecycle
  if (parent?.required.includes(lifecycle) && !required.has(lifecycle)) {
    refuse("missing-requirement")
  }
  const { proposals, extensions } = requiredCapabilities(context.extensions)
  if (
    profile.requiredProposals.some((type) => !proposals.includes(type)) ||
    profile.requiredExtensions.some((type) => !extensions.includes(type))
  ) refuse("missing-requirement")
}

const checkComponents = (profile: GroupProfile, view: GroupView): void => {
  for (const [id, bytes] of view.components) {
    if (profile.misplaced.includes(id)) refuse("misplaced-component")
    try {
      checkGroupComponent(id, bytes)
    } catch {
      refuse("malformed-state")
    }
  }
  for (const id of view.required) {
    if (!profile.supportedComponents.includes(id)) refuse("unsupported-component")
    if (!profile.leafOnly.includes(id) && !view.components.has(id)) refuse("missing-state")
  }
}

const checkMembers = (view: GroupView, members: ReadonlyArray<Member>): void => {
  const accounts = new Set<PublicKey>()
  for (const member of members) {
    accounts.add(accountOf(member))
    const supported = supportedBy(member)
    if (view.required.some((id) => !supported.has(id))) refuse("unsupporting-leaf")
  }
  if (view.admins.some((admin) => !accounts.has(admin))) refuse("inactive-admin")
}
