/**
 * What every leaf of this library says about itself, and what that means for groups.
 *
 * @module
 */
import {
  AgentStreamRole,
  type AgentTextStreamState,
  leafDictionary,
  supportedComponents,
} from "../components/mod.ts"
import { type Capabilities, type Extension, ExtensionType, ProposalType } from "../mls/mod.ts"

/**
 * MLS extension types that mark abilities for text streams. They never have a body; they appear in
 * `capabilities.extensions` only.
 */
export const AgentStreamCapability: {
  readonly receive: 0xf2d1
  readonly send: 0xf2d2
  readonly fanout: 0xf2d4
} = { receive: 0xf2d1, send: 0xf2d2, fanout: 0xf2d4 }

/**
 * Capabilities of our leaves. Groups of MDK require the `receive` role of component 0x8006 of every
 * invitee, whether it streams or not, so it is claimed; sending and fan-out are not.
 */
export const leafCapabilities: Capabilities = {
  versions: [1],
  cipherSuites: [1],
  extensions: [
    ExtensionType.requiredCapabilities,
    ExtensionType.appDataDictionary,
    AgentStreamCapability.receive,
  ],
  proposals: [ProposalType.appDataUpdate, ProposalType.selfRemove],
  credentials: [1],
}

/**
 * Extensions of our leaves: the dictionary with supported components, SafeAAD and the proof.
 *
 * @param proof the 104 bytes of component 0x8009 for this leaf's signature key
 */
export function leafExtensions(proof: Uint8Array): ReadonlyArray<Extension> {
  return [{ type: ExtensionType.appDataDictionary, data: leafDictionary(proof) }]
}

/** What a group asks of every member's leaf. */
export interface LeafRequirement {
  /** MLS extension types. */
  readonly extensions: ReadonlyArray<number>
  /** MLS proposal types. */
  readonly proposals: ReadonlyArray<number>
  /** Components. */
  readonly components: ReadonlyArray<number>
}

/** Extension types that the required roles of a text stream policy ask of every leaf. */
export function roleCapabilities(policy: AgentTextStreamState): ReadonlyArray<number> {
  const roles = ["receive", "send", "fanout"] as const
  return roles.filter((role) => (policy.requiredRoles & AgentStreamRole[role]) !== 0)
    .map((role) => AgentStreamCapability[role])
}

/** True when this library can be a member of a group with such a requirement. */
export function canJoin(requirement: LeafRequirement): boolean {
  return satisfies({ capabilities: leafCapabilities, components: supportedComponents }, requirement)
}

/** What a leaf offers. */
export interface LeafOffer {
  /** MLS capabilities. */
  readonly capabilities: Pick<Capabilities, "extensions" | "proposals">
  /** Components that it supports. */
  readonly components: ReadonlyArray<number>
}

// Extension and proposal types of RFC 9420 itself are never listed by everybody.
const isDefault = (type: number): boolean => type <= 5
const isDefaultProposal = (type: number): boolean => type <= 7

/** True when a leaf offers all that is required. */
export function satisfies(offer: LeafOffer, requirement: LeafRequirement): boolean {
  const { extensions, proposals } = offer.capabilities
  return requirement.extensions.every((type) => isDefault(type) || extensions.includes(type)) &&
    requirement.proposals.every((type) => isDefaultProposal(type) || proposals.includes(type)) &&
    requirement.components.every((id) => offer.components.includes(id))
}
