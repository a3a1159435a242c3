/**
 * The MLS group machine: RFC 9420 with the extensions draft, ciphersuite 0x0001, as immutable
 * values and synchronous functions. Knows nothing of Nostr and no application component.
 *
 * Every function either returns or throws an {@link MlsError} with a closed reason, and never changes
 * a value that it was given.
 *
 * @example Two members, one message
 * ```ts
 * import { defaultCryptoProvider } from "@mdk/core/crypto"
 * import { commit, createGroup, generateKeyPackage, join, processMessage, seal } from "@mdk/core/mls"
 * import { systemEntropy } from "@mdk/core/services"
 *
 * const crypto = defaultCryptoProvider()
 * const entropy = systemEntropy
 * const text = new TextEncoder()
 * const capabilities = {
 *   versions: [1],
 *   cipherSuites: [1],
 *   extensions: [],
 *   proposals: [],
 *   credentials: [1],
 * }
 * const lifetime = { notBefore: 1_800_000_000n, notAfter: 1_807_000_000n }
 * const [alice, bob] = ["alice", "bob"].map((name) =>
 *   generateKeyPackage({
 *     crypto,
 *     entropy,
 *     identity: text.encode(name),
 *     capabilities,
 *     leafExtensions: [],
 *     lifetime,
 *   })
 * )
 * if (alice === undefined || bob === undefined) throw new Error("unexpected")
 *
 * const founded = createGroup({
 *   crypto,
 *   entropy,
 *   groupId: entropy.bytes(16),
 *   creator: alice,
 *   extensions: [],
 * })
 * const invited = commit(founded, {
 *   entropy,
 *   proposals: [{ type: "add", keyPackage: bob.keyPackage }],
 * })
 * if (invited.welcome === undefined) throw new Error("unexpected")
 * const joined = join({ crypto, welcome: invited.welcome, keyPackages: [bob] })
 *
 * const sent = seal(invited.next, text.encode("hello"), { entropy })
 * const received = processMessage(joined.group, sent.message)
 * if (received.kind !== "application") throw new Error("unexpected")
 * if (new TextDecoder().decode(received.plaintext) !== "hello") throw new Error("unexpected")
 * ```
 *
 * @module
 */
export {
  type AppDataDictionary,
  appDataDictionary,
  appDataDictionaryExtension,
  type AppDataUpdate,
  type ComponentData,
  componentData,
  decodeAppDataDictionary,
  decodeComponentsList,
  encodeComponentsList,
} from "./app_data.ts"
export { commit, type CommitOptions, type OwnCommit } from "./commit.ts"
export type {
  ChangedMember,
  CommitPreview,
  CommittedProposal,
  RemovedMember,
} from "./commit_preview.ts"
export { createGroup, type CreateGroupOptions } from "./create_group.ts"
export {
  type Extension,
  findExtension,
  type RequiredCapabilities,
  requiredCapabilities,
  requiredCapabilitiesExtension,
} from "./extension.ts"
export {
  type AdvancedWindow,
  advanceWindow,
  DEFAULT_PAST_EPOCHS,
  type EpochWindow,
  openWindow,
  type ProcessedInWindow,
  processInWindow,
} from "./epoch_window.ts"
export { exportGroupInfo, type ExportGroupInfoOptions } from "./export_group_info.ts"
export type { FramingOptions } from "./framing_options.ts"
export { MlsGroup, retire } from "./group.ts"
export { encodeGroupContext, type GroupContext } from "./group_context.ts"
export { join, type Joined, type JoinOptions, welcomeRefs } from "./join.ts"
export {
  decodeKeyPackage,
  encodeKeyPackageMessage,
  type KeyPackage,
  keyPackageRef,
  parseKeyPackage,
  validateKeyPackage,
} from "./key_package.ts"
export {
  basicCredential,
  basicIdentity,
  type Capabilities,
  type Credential,
  type LeafNode,
  type LeafNodeSource,
  type Lifetime,
} from "./leaf_node.ts"
export type { Member } from "./member.ts"
export { MlsError, type MlsErrorFields, type MlsErrorReason } from "./mls_error.ts"
export {
  decodeOwnKeyPackage,
  encodeOwnKeyPackage,
  generateKeyPackage,
  type GenerateKeyPackageOptions,
  importKeyPackage,
  type ImportKeyPackageOptions,
  type OwnKeyPackage,
  wipeOwnKeyPackage,
} from "./own_key_package.ts"
export { type ContentKind, messageDigest, type MessageHead, peek } from "./peek.ts"
export type { PendingProposal } from "./pending_proposal.ts"
export {
  defaultLimits,
  type HandshakeFormats,
  type LifetimePolicy,
  MARMOT_MAX_LIFETIME,
  type MlsLimits,
  type MlsPolicy,
  type PskLookup,
} from "./policy.ts"
export { type PreSharedKeyId, ResumptionUsage } from "./pre_shared_key.ts"
export { processMessage } from "./process.ts"
export type {
  ApplicationReceived,
  CommitReceived,
  Processed,
  ProposalReceived,
} from "./processed.ts"
export { type Proposal, proposalTypeOf } from "./proposal.ts"
export type { InlineProposal, LeafPatch, ProposalRequest } from "./proposal_request.ts"
export { forgetProposal, propose, type Proposed, type ProposeOptions } from "./propose.ts"
export {
  CIPHERSUITE,
  ComponentId,
  ContentType,
  CredentialType,
  ExtensionType,
  isGrease,
  MLS_VERSION,
  ProposalType,
  WireFormat,
} from "./registry.ts"
export { decodeSafeAad, encodeSafeAad, type SafeAad, usesSafeAad } from "./safe_aad.ts"
export { seal, type Sealed, type SealOptions } from "./seal.ts"
export {
  changedParts,
  decodeState,
  type DecodeStateOptions,
  encodeState,
  isSharedPart,
  type PartChanges,
  type StateParts,
  uniqueNodes,
} from "./state_parts.ts"
export { hasMembershipTag } from "./verify_public_message.ts"
