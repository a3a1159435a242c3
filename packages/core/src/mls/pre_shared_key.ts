/**
 * Pre-shared keys (RFC 9420 section 8.4).
 *
 * @module
 */
import type { TlsReader, TlsWriter } from "../codec/tls.ts"
import { equalBytes } from "../crypto/secret.ts"
import { refuse } from "./mls_error.ts"

/** Names a pre-shared key. */
export type PreSharedKeyId =
  | {
    /** Distributed outside of MLS. */
    readonly kind: "external"
    /** Its name. */
    readonly id: Uint8Array
    /** Fresh in every proposal, 32 bytes. */
    readonly nonce: Uint8Array
  }
  | {
    /** The resumption PSK of an epoch of some group. */
    readonly kind: "resumption"
    /** What it is used for: 1 application, 2 reinit, 3 branch. */
    readonly usage: number
    /** That group. */
    readonly groupId: Uint8Array
    /** That epoch. */
    readonly epoch: bigint
    /** Fresh in every proposal, 32 bytes. */
    readonly nonce: Uint8Array
  }

/** `ResumptionPSKUsage`. */
export const ResumptionUsage = { application: 1, reinit: 2, branch: 3 } as const

/** Reads a `PreSharedKeyID`. */
export function readPreSharedKeyId(reader: TlsReader): PreSharedKeyId {
  const type = reader.u8()
  if (type === 1) return { kind: "external", id: reader.viewV(), nonce: reader.viewV() }
  if (type !== 2) refuse("malformed")
  const usage = reader.u8()
  if (usage < 1 || usage > 3) refuse("malformed")
  return {
    kind: "resumption",
    usage,
    groupId: reader.viewV(),
    epoch: reader.u64(),
    nonce: reader.viewV(),
  }
}

/** Writes a `PreSharedKeyID`. */
export function writePreSharedKeyId(writer: TlsWriter, id: PreSharedKeyId): void {
  if (id.kind === "external") writer.u8(1).opaqueV(id.id).opaqueV(id.nonce)
  else writer.u8(2).u8(id.usage).opaqueV(id.groupId).u64(id.epoch).opaqueV(id.nonce)
}

/** Whether two ids are equal in every field. */
export function samePsk(a: PreSharedKeyId, b: PreSharedKeyId): boolean {
  if (!equalBytes(a.nonce, b.nonce)) return false
  if (a.kind === "external") return b.kind === "external" && equalBytes(a.id, b.id)
  return b.kind === "resumption" && a.usage === b.usage && a.epoch === b.epoch &&
    equalBytes(a.groupId, b.groupId)
}
