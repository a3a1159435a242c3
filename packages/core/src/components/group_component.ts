/**
 * Which component states a GroupContext may hold, and whether one is well formed.
 *
 * @module
 */
import { decodeAdminPolicy } from "./admin_policy.ts"
import { decodeAgentTextStream } from "./agent_text_stream.ts"
import { decodeAvatarUrl } from "./avatar_url.ts"
import { decodeBlossomImage } from "./blossom_image.ts"
import { refuseComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"
import { decodeComponentList } from "./component_list.ts"
import { decodeEncryptedMedia } from "./encrypted_media.ts"
import { decodeGroupLifecycle } from "./group_lifecycle.ts"
import { decodeGroupProfile } from "./group_profile.ts"
import { decodeMessageRetention } from "./message_retention.ts"
import { decodeNostrRouting } from "./nostr_routing.ts"

const decoders: ReadonlyMap<number, (bytes: Uint8Array) => unknown> = new Map<
  number,
  (bytes: Uint8Array) => unknown
>([
  [ComponentId.appComponents, decodeComponentList],
  [ComponentId.groupProfile, decodeGroupProfile],
  [ComponentId.blossomImage, decodeBlossomImage],
  [ComponentId.adminPolicy, decodeAdminPolicy],
  [ComponentId.nostrRouting, decodeNostrRouting],
  [ComponentId.messageRetention, decodeMessageRetention],
  [ComponentId.agentTextStream, decodeAgentTextStream],
  [ComponentId.avatarUrl, decodeAvatarUrl],
  [ComponentId.encryptedMedia, decodeEncryptedMedia],
  [ComponentId.groupLifecycle, decodeGroupLifecycle],
])

const leafOnly: ReadonlySet<number> = new Set([
  ComponentId.safeAad,
  ComponentId.lastResort,
  ComponentId.accountIdentityProof,
])

/**
 * Checks one entry of a GroupContext dictionary (an `app_data_update` carries the same bytes).
 *
 * @returns `known` for a well-formed state, `unknown` for a component that this library cannot read:
 * its bytes are kept, and a group that requires it cannot be processed
 * @throws {ComponentError} for a malformed state; `invalid-value` for a component that may only stand in
 * leaves or KeyPackages
 */
export function checkGroupComponent(component: number, state: Uint8Array): "known" | "unknown" {
  if (leafOnly.has(component)) refuseComponent(component, "invalid-value")
  const decode = decoders.get(component)
  if (decode === undefined) return "unknown"
  decode(state)
  return "known"
}
