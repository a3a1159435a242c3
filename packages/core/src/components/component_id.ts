/**
 * The numbers of app components (unsigned 16 bits) and where each may stand.
 *
 * @module
 */

/** Ids from the MLS extensions draft (below 0x8000) and from Marmot's registry. */
export const ComponentId: {
  /** `app_components`: in a leaf what it supports, in a GroupContext what members must support. */
  readonly appComponents: 0x0001
  /** `safe_aad`: in a leaf the (empty) list of SafeAAD abilities; never in a GroupContext. */
  readonly safeAad: 0x0002
  /** `last_resort_key_package`: an empty entry at KeyPackage level. */
  readonly lastResort: 0x0004
  /** `marmot.group.profile.v1`: name and description. */
  readonly groupProfile: 0x8001
  /** `marmot.group.blossom.image.v1`: the encrypted picture. */
  readonly blossomImage: 0x8002
  /** `marmot.group.admin-policy.v1`: who may change the group; mandatory. */
  readonly adminPolicy: 0x8003
  /** `marmot.transport.nostr.routing.v1`: routing id and relays; mandatory for Nostr groups. */
  readonly nostrRouting: 0x8004
  /** `marmot.group.message-retention.v1`: disappearing messages. */
  readonly messageRetention: 0x8005
  /** `marmot.group.agent-text-stream.quic.v1`: the policy of text streams. */
  readonly agentTextStream: 0x8006
  /** `marmot.group.avatar-url.v1`: a public picture. */
  readonly avatarUrl: 0x8007
  /** `marmot.member.account-identity-proof.v2`: leaves only; mandatory. */
  readonly accountIdentityProof: 0x8009
  /** `marmot.group.encrypted-media.v2`: the media policy. */
  readonly encryptedMedia: 0x800b
  /** `marmot.group.lifecycle.v1`: active or disbanded; mandatory for new groups. */
  readonly groupLifecycle: 0x800c
} = {
  appComponents: 0x0001,
  safeAad: 0x0002,
  lastResort: 0x0004,
  groupProfile: 0x8001,
  blossomImage: 0x8002,
  adminPolicy: 0x8003,
  nostrRouting: 0x8004,
  messageRetention: 0x8005,
  agentTextStream: 0x8006,
  avatarUrl: 0x8007,
  accountIdentityProof: 0x8009,
  encryptedMedia: 0x800b,
  groupLifecycle: 0x800c,
}

/**
 * What this library can process, ascending: what its leaves put into `app_components`.
 *
 * 0x8008 (encrypted media v1) is not among them: it is frozen, and no group of the current profile
 * may require it. 0x8006 is: groups require that members know its policy; streams themselves are
 * optional, their result always arrives as a chat message.
 */
export const supportedComponents: ReadonlyArray<number> = [
  ComponentId.appComponents,
  ComponentId.groupProfile,
  ComponentId.blossomImage,
  ComponentId.adminPolicy,
  ComponentId.nostrRouting,
  ComponentId.messageRetention,
  ComponentId.agentTextStream,
  ComponentId.avatarUrl,
  ComponentId.accountIdentityProof,
  ComponentId.encryptedMedia,
  ComponentId.groupLifecycle,
]
