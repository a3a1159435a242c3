/**
 * What a group asks of the leaf of whoever joins.
 *
 * @module
 */
import { ComponentId, decodeAgentTextStream } from "../components/mod.ts"
import { type LeafRequirement, roleCapabilities } from "../key-package/mod.ts"
import { requiredCapabilities } from "../mls/mod.ts"
import type { ComponentStates, FoundingChoice, GroupProfile } from "./group_profile.ts"
import type { RetainedState } from "./group_state.ts"
import { decodeComponentList } from "../components/mod.ts"

/** Of a group that exists. */
export function requirementOf({ mls, view }: RetainedState): LeafRequirement {
  const { extensions, proposals } = requiredCapabilities(mls.extensions)
  return {
    extensions: [...extensions, ...roles(view.components)],
    proposals,
    components: view.required,
  }
}

/** Of a group that is about to be founded. */
export function foundingRequirement(
  profile: GroupProfile,
  choice: FoundingChoice,
): LeafRequirement {
  const states = profile.foundingComponents(choice)
  const list = states.get(ComponentId.appComponents)
  return {
    extensions: [...profile.foundingCapabilities.extensions, ...roles(states)],
    proposals: profile.foundingCapabilities.proposals,
    components: list === undefined ? [] : decodeComponentList(list),
  }
}

const roles = (states: ComponentStates): ReadonlyArray<number> => {
  const policy = states.get(ComponentId.agentTextStream)
  return policy === undefined ? [] : roleCapabilities(decodeAgentTextStream(policy))
}
