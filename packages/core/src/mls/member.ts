/**
 * Members as callers see them.
 *
 * @module
 */
import type { Extension } from "./extension.ts"
import { basicIdentity, type Capabilities, type Credential, type LeafNode } from "./leaf_node.ts"

/** One member of a state. Byte strings are read-only. */
export interface Member {
  /** Leaf index, which names the member in this group. */
  readonly leafIndex: number
  /** Who it claims to be. */
  readonly credential: Credential
  /** Identity of a basic credential; empty for other types. */
  readonly identity: Uint8Array
  /** Ed25519 public key, 32 bytes. */
  readonly signatureKey: Uint8Array
  /** X25519 public key of the leaf, 32 bytes. */
  readonly encryptionKey: Uint8Array
  /** What it supports. */
  readonly capabilities: Capabilities
  /** Leaf extensions. */
  readonly extensions: ReadonlyArray<Extension>
  /** The whole leaf. */
  readonly leafNode: LeafNode
}

const nobody = new Uint8Array(0)

/** The member in this leaf. */
export function memberOf(leafIndex: number, leafNode: LeafNode): Member {
  return {
    leafIndex,
    credential: leafNode.credential,
    identity: basicIdentity(leafNode.credential) ?? nobody,
    signatureKey: leafNode.signatureKey,
    encryptionKey: leafNode.encryptionKey,
    capabilities: leafNode.capabilities,
    extensions: leafNode.extensions,
    leafNode,
  }
}
