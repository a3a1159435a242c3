/**
 * Code points of RFC 9420 section 17 and of the MLS extensions draft that the machine gives a
 * meaning to. Numbers that are not named here are kept and ignored wherever the RFC says so.
 *
 * @module
 */

/** `ProtocolVersion` mls10. */
export const MLS_VERSION = 1

/** Ciphersuite MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, the only one of this machine. */
export const CIPHERSUITE = 1

/** `WireFormat` of an MLSMessage. */
export const WireFormat = {
  publicMessage: 1,
  privateMessage: 2,
  welcome: 3,
  groupInfo: 4,
  keyPackage: 5,
} as const

/** `ContentType` of framed content. */
export const ContentType = { application: 1, proposal: 2, commit: 3 } as const

/** `ProposalType`. */
export const ProposalType = {
  add: 1,
  update: 2,
  remove: 3,
  psk: 4,
  reInit: 5,
  externalInit: 6,
  groupContextExtensions: 7,
  appDataUpdate: 8,
  appEphemeral: 9,
  selfRemove: 10,
} as const

/** `ExtensionType`. */
export const ExtensionType = {
  applicationId: 1,
  ratchetTree: 2,
  requiredCapabilities: 3,
  externalPub: 4,
  externalSenders: 5,
  appDataDictionary: 6,
  lastResort: 10,
} as const

/** `CredentialType`. */
export const CredentialType = { basic: 1, x509: 2 } as const

/** Component ids that the extensions draft itself defines (all below 0x8000). */
export const ComponentId = {
  appComponents: 1,
  safeAad: 2,
  contentMediaTypes: 3,
  lastResortKeyPackage: 4,
} as const

/** True for the reserved GREASE values 0x0A0A, 0x1A1A, … 0xEAEA (RFC 9420 section 13.5). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 0xff) && value !== 0xfafa
}
