/**
 * GroupContext (RFC 9420 section 8.1).
 *
 * @module
 */
import { type TlsReader, TlsWriter } from "../codec/tls.ts"
import { type Extension, readExtensions, writeExtensions } from "./extension.ts"

/** The shared public state of an epoch. Treat every byte string as read-only. */
export interface GroupContext {
  /** Protocol version. */
  readonly version: number
  /** Ciphersuite. */
  readonly cipherSuite: number
  /** MLS group id: private, never published or logged. */
  readonly groupId: Uint8Array
  /** Epoch number. */
  readonly epoch: bigint
  /** Hash of the ratchet tree's root, 32 bytes. */
  readonly treeHash: Uint8Array
  /** Hash of all commits so far; empty in epoch 0. */
  readonly confirmedTranscriptHash: Uint8Array
  /** Extensions in their order. */
  readonly extensions: ReadonlyArray<Extension>
}

/** Reads one GroupContext; its byte strings are windows on the reader's input. */
export function readGroupContext(reader: TlsReader): GroupContext {
  return {
    version: reader.u16(),
    cipherSuite: reader.u16(),
    groupId: reader.viewV(),
    epoch: reader.u64(),
    treeHash: reader.viewV(255),
    confirmedTranscriptHash: reader.viewV(255),
    extensions: readExtensions(reader),
  }
}

/** Encodes a GroupContext. */
export function encodeGroupContext(context: GroupContext): Uint8Array {
  const w = new TlsWriter(512)
  w.u16(context.version).u16(context.cipherSuite).opaqueV(context.groupId).u64(context.epoch)
  w.opaqueV(context.treeHash).opaqueV(context.confirmedTranscriptHash)
  writeExtensions(w, context.extensions)
  return w.finish()
}
