/**
 * Encodings of the parts of a state, without those of its trees. Each starts with a version byte.
 *
 * @module
 */
import { decodeTls, encodeSecretTls, encodeTls, type TlsReader } from "../codec/tls.ts"
import { encodeHex } from "../codec/hex.ts"
import { Secret } from "../crypto/secret.ts"
import type { GroupState } from "./group_state.ts"
import { epochSecretList, EpochSecrets } from "./key_schedule.ts"
import { refuse } from "./mls_error.ts"
import { OwnKeys, PrivateKey } from "./own_keys.ts"
import type { StoredProposal } from "./pending_proposal.ts"
import { readProposal, writeProposal } from "./proposal.ts"
import { maxLeaves } from "./ratchet_tree.ts"

/** Version of every part that this code writes. */
export const partVersion = 1

/** Reads the version byte; another version is refused with `invalid-state`. */
export function readVersion(reader: TlsReader): void {
  if (reader.u8() !== partVersion) refuse("invalid-state")
}

/** What the part `head` holds. */
export interface StateHead {
  /** Our leaf. */
  readonly ownLeaf: number
  /** Number of leaves of the tree, blank ones included. */
  readonly width: number
  /** Encoding of the GroupContext. */
  readonly contextBytes: Uint8Array
  /** Tag that led to the state. */
  readonly confirmationTag: Uint8Array
}

/** `u8 version ‖ u32 ownLeaf ‖ u32 width ‖ context<V> ‖ confirmationTag<V>`. */
export function encodeHead(state: GroupState): Uint8Array {
  return encodeTls((w) =>
    w.u8(partVersion).u32(state.ownLeaf).u32(state.tree.leaves.length)
      .opaqueV(state.contextBytes).opaqueV(state.confirmationTag)
  )
}

/** Reads `head`; the result has windows on `bytes`. */
export function decodeHead(bytes: Uint8Array): StateHead {
  return decodeTls(bytes, (r) => {
    readVersion(r)
    const ownLeaf = r.u32()
    const width = r.u32()
    if (width === 0 || width > maxLeaves || (width & (width - 1)) !== 0) refuse("invalid-state")
    return {
      ownLeaf,
      width,
      contextBytes: r.viewV(),
      confirmationTag: r.viewV(),
    }
  })
}

/** `u8 version ‖ 8 secrets of 32 bytes`, in the order of `epochSecretList`. */
export function encodeEpoch(secrets: EpochSecrets): Uint8Array {
  return encodeSecretTls((w) => {
    w.u8(partVersion)
    for (const secret of epochSecretList(secrets)) w.opaque(secret.bytes)
  })
}

/** Reads `epoch`. */
export function decodeEpoch(bytes: Uint8Array): EpochSecrets {
  return decodeTls(bytes, (r) => {
    readVersion(r)
    return new EpochSecrets(Array.from({ length: 8 }, () => Secret.take(r.opaque(32))))
  })
}

/** `u8 version ‖ leafKey[32] ‖ signatureSeed[32] ‖ (u32 node ‖ key[32])<V>`, nodes ascending. */
export function encodeKeys(keys: OwnKeys): Uint8Array {
  const path = [...keys.path].sort(([a], [b]) => a - b)
  return encodeSecretTls((w) =>
    w.u8(partVersion).opaque(keys.leaf.bytes).opaque(keys.signature.bytes)
      .vector(path, (w, [node, key]) => w.u32(node).opaque(key.bytes))
  )
}

/** Reads `keys`. */
export function decodeKeys(bytes: Uint8Array): OwnKeys {
  return decodeTls(bytes, (r) => {
    readVersion(r)
    const leaf = PrivateKey.take(r.opaque(32))
    const signature = PrivateKey.take(r.opaque(32))
    const path = new Map(
      r.vector((r): [number, PrivateKey] => [r.u32(), PrivateKey.take(r.opaque(32))], 32),
    )
    return new OwnKeys(leaf, path, signature)
  })
}

/** Name of the part of a pending proposal. */
export function proposalPartName(proposal: StoredProposal): string {
  return `proposal/${encodeHex(proposal.ref)}`
}

/**
 * `u8 version ‖ u32 order ‖ ref[32] ‖ u32 sender ‖ digest[32] ‖ Proposal ‖ optional(leafKey[32] ‖
 * optional(signatureSeed[32]))`.
 */
export function encodeStoredProposal(p: StoredProposal): Uint8Array {
  return encodeSecretTls((w) => {
    w.u8(partVersion).u32(p.order).opaque(p.ref).u32(p.sender).opaque(p.digest)
    writeProposal(w, p.proposal)
    w.optional(p.own, (w, own) => {
      w.opaque(own.leafKey.bytes).optional(own.signatureSeed, (w, s) => w.opaque(s.bytes))
    })
  })
}

/** Reads a pending proposal; the result has windows on `bytes`. */
export function decodeStoredProposal(bytes: Uint8Array): StoredProposal {
  return decodeTls(bytes, (r) => {
    readVersion(r)
    return {
      order: r.u32(),
      ref: r.view(32),
      sender: r.u32(),
      digest: r.view(32),
      proposal: readProposal(r),
      own: r.optional((r) => ({
        leafKey: PrivateKey.take(r.opaque(32)),
        signatureSeed: r.optional((r) => PrivateKey.take(r.opaque(32))),
      })),
    }
  })
}
