/**
 * Proposals (RFC 9420 section 12.1 and the extensions draft).
 *
 * @module
 */
import { decodeTls, encodeTls, type TlsReader, type TlsWriter } from "../codec/tls.ts"
import { type AppDataUpdate, readAppDataUpdate, writeAppDataUpdate } from "./app_data.ts"
import { type Extension, readExtensions, writeExtensions } from "./extension.ts"
import { type KeyPackage, readKeyPackage } from "./key_package.ts"
import { type LeafNode, readLeafNode } from "./leaf_node.ts"
import { refuse } from "./mls_error.ts"
import { type PreSharedKeyId, readPreSharedKeyId, writePreSharedKeyId } from "./pre_shared_key.ts"
import { ProposalType } from "./registry.ts"

/** A decoded proposal. `reInit`, `externalInit` and `appEphemeral` are read and always refused. */
export type Proposal =
  | { readonly type: "add"; readonly keyPackage: KeyPackage }
  | { readonly type: "update"; readonly leafNode: LeafNode }
  | { readonly type: "remove"; readonly leafIndex: number }
  | { readonly type: "psk"; readonly id: PreSharedKeyId }
  | {
    readonly type: "reInit"
    readonly groupId: Uint8Array
    readonly version: number
    readonly cipherSuite: number
    readonly extensions: ReadonlyArray<Extension>
  }
  | { readonly type: "externalInit"; readonly kemOutput: Uint8Array }
  | { readonly type: "groupContextExtensions"; readonly extensions: ReadonlyArray<Extension> }
  | ({ readonly type: "appDataUpdate" } & AppDataUpdate)
  | { readonly type: "appEphemeral"; readonly componentId: number; readonly data: Uint8Array }
  | { readonly type: "selfRemove" }

/** The wire value of a proposal's type. */
export function proposalTypeOf(proposal: Proposal): number {
  return ProposalType[proposal.type]
}

/**
 * Reads one proposal; its byte strings are windows on the reader's input. A proposal of an unknown
 * type has no known end, so it is refused with `malformed`.
 */
export function readProposal(reader: TlsReader): Proposal {
  switch (reader.u16()) {
    case ProposalType.add:
      return { type: "add", keyPackage: readKeyPackage(reader) }
    case ProposalType.update:
      return { type: "update", leafNode: readLeafNode(reader) }
    case ProposalType.remove:
      return { type: "remove", leafIndex: reader.u32() }
    case ProposalType.psk:
      return { type: "psk", id: readPreSharedKeyId(reader) }
    case ProposalType.reInit:
      return {
        type: "reInit",
        groupId: reader.viewV(),
        version: reader.u16(),
        cipherSuite: reader.u16(),
        extensions: readExtensions(reader),
      }
    case ProposalType.externalInit:
      return { type: "externalInit", kemOutput: reader.viewV() }
    case ProposalType.groupContextExtensions:
      return { type: "groupContextExtensions", extensions: readExtensions(reader) }
    case ProposalType.appDataUpdate:
      return { type: "appDataUpdate", ...readAppDataUpdate(reader) }
    case ProposalType.appEphemeral:
      return { type: "appEphemeral", componentId: reader.u16(), data: reader.viewV() }
    case ProposalType.selfRemove:
      return { type: "selfRemove" }
    default:
      return refuse("malformed")
  }
}

/** Writes one proposal. */
export function writeProposal(writer: TlsWriter, proposal: Proposal): void {
  writer.u16(proposalTypeOf(proposal))
  switch (proposal.type) {
    case "add":
      writer.opaque(proposal.keyPackage.bytes)
      break
    case "update":
      writer.opaque(proposal.leafNode.bytes)
      break
    case "remove":
      writer.u32(proposal.leafIndex)
      break
    case "psk":
      writePreSharedKeyId(writer, proposal.id)
      break
    case "reInit":
      writer.opaqueV(proposal.groupId).u16(proposal.version).u16(proposal.cipherSuite)
      writeExtensions(writer, proposal.extensions)
      break
    case "externalInit":
      writer.opaqueV(proposal.kemOutput)
      break
    case "groupContextExtensions":
      writeExtensions(writer, proposal.extensions)
      break
    case "appDataUpdate":
      writeAppDataUpdate(writer, proposal)
      break
    case "appEphemeral":
      writer.u16(proposal.componentId).opaqueV(proposal.data)
      break
    case "selfRemove":
  }
}

/** Encodes one proposal. */
export function encodeProposal(proposal: Proposal): Uint8Array {
  return encodeTls((w) => writeProposal(w, proposal))
}

/**
 * Decodes one proposal from a copy of `bytes`.
 *
 * @throws DecodeError or MlsError `malformed`.
 */
export function decodeProposal(bytes: Uint8Array): Proposal {
  return decodeTls(bytes.slice(), readProposal)
}
