/**
 * The adopted protocol: Marmot v2, app components (spec 1, 5, 6).
 *
 * @module
 */
import {
  ComponentId,
  defaultAgentTextStream,
  defaultEncryptedMedia,
  encodeAdminPolicy,
  encodeAgentTextStream,
  encodeComponentList,
  encodeEncryptedMedia,
  encodeGroupLifecycle,
  encodeGroupProfile,
  encodeMessageRetention,
  encodeNostrRouting,
  isRelayUrl,
  supportedComponents,
} from "../components/mod.ts"
import { parsePublicKey } from "../identity/mod.ts"
import type { ComponentStates, FoundingChoice, GroupProfile } from "../group/group_profile.ts"
import { ExtensionType, MARMOT_MAX_LIFETIME, ProposalType } from "../mls/mod.ts"

/** Encrypted media v1: frozen, and forbidden in groups of this profile. */
const LEGACY_MEDIA = 0x8008

const REQUIRED: ReadonlyArray<number> = [
  ComponentId.groupProfile,
  ComponentId.adminPolicy,
  ComponentId.nostrRouting,
  ComponentId.agentTextStream,
  ComponentId.accountIdentityProof,
  ComponentId.encryptedMedia,
  ComponentId.groupLifecycle,
]

/** Groups as MDK 0.9 founds them. */
export const adoptedProfile: GroupProfile = {
  name: "adopted",
  supportedComponents,
  misplaced: [
    ComponentId.safeAad,
    ComponentId.lastResort,
    LEGACY_MEDIA,
    ComponentId.accountIdentityProof,
  ],
  leafOnly: [ComponentId.accountIdentityProof],
  alwaysRequired: [ComponentId.adminPolicy, ComponentId.accountIdentityProof],
  requiredProposals: [ProposalType.appDataUpdate],
  requiredExtensions: [ExtensionType.appDataDictionary],
  irremovable: [ComponentId.appComponents, ComponentId.adminPolicy, ComponentId.groupLifecycle],
  foundingCapabilities: {
    extensions: [ExtensionType.appDataDictionary],
    proposals: [ProposalType.appDataUpdate, ProposalType.selfRemove],
    credentials: [],
  },
  foundingComponents,
  policy: { handshakes: "public", lifetime: { maxSpan: MARMOT_MAX_LIFETIME } },
  groupIdBytes: 16,
  outerKey: { label: "marmot", context: "group-event" },
  retainedStates: 5,
}

function foundingComponents(choice: FoundingChoice): ComponentStates {
  const { name, description, founder, nostrGroupId, retention } = choice
  const states = new Map<number, Uint8Array>([
    [ComponentId.groupProfile, encodeGroupProfile({ name, description })],
    [ComponentId.adminPolicy, encodeAdminPolicy([parsePublicKey(founder)])],
    [
      ComponentId.nostrRouting,
      encodeNostrRouting({ nostrGroupId, relays: choice.relays.filter(isRelayUrl) }),
    ],
    [ComponentId.agentTextStream, encodeAgentTextStream(defaultAgentTextStream)],
    [ComponentId.encryptedMedia, encodeEncryptedMedia(defaultEncryptedMedia)],
    [ComponentId.groupLifecycle, encodeGroupLifecycle("active")],
  ])
  const required = [...REQUIRED]
  if (retention !== undefined) {
    states.set(ComponentId.messageRetention, encodeMessageRetention(retention))
    required.push(ComponentId.messageRetention)
  }
  states.set(ComponentId.appComponents, encodeComponentList(required))
  return states
}
