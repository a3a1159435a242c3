/**
 * UpdatePath and HPKE ciphertexts on the wire (RFC 9420 sections 7.6 and 12.4).
 *
 * @module
 */
import type { TlsReader, TlsWriter } from "../codec/tls.ts"
import { type LeafNode, readLeafNode } from "./leaf_node.ts"

/** `HPKECiphertext`. */
export interface EncryptedSecret {
  /** `kem_output`. */
  readonly kemOutput: Uint8Array
  /** `ciphertext`. */
  readonly ciphertext: Uint8Array
}

/** One node of an {@link UpdatePath}. */
export interface UpdatePathNode {
  /** New public key of the node. */
  readonly publicKey: Uint8Array
  /** Its path secret, once for each node of the copath child's resolution. */
  readonly secrets: ReadonlyArray<EncryptedSecret>
}

/** New keys from the committer's leaf to the root. */
export interface UpdatePath {
  /** The committer's new leaf. */
  readonly leafNode: LeafNode
  /** The filtered direct path, from the bottom up. */
  readonly nodes: ReadonlyArray<UpdatePathNode>
}

/** Reads an `HPKECiphertext`. */
export function readEncryptedSecret(reader: TlsReader): EncryptedSecret {
  return { kemOutput: reader.viewV(), ciphertext: reader.viewV() }
}

/** Writes an `HPKECiphertext`. */
export function writeEncryptedSecret(writer: TlsWriter, secret: EncryptedSecret): void {
  writer.opaqueV(secret.kemOutput).opaqueV(secret.ciphertext)
}

/** Reads an `UpdatePath`. */
export function readUpdatePath(reader: TlsReader): UpdatePath {
  return {
    leafNode: readLeafNode(reader),
    nodes: reader.vector(
      (r) => ({ publicKey: r.viewV(), secrets: r.vector(readEncryptedSecret) }),
      32,
    ),
  }
}

/** Writes an `UpdatePath`. */
export function writeUpdatePath(writer: TlsWriter, path: UpdatePath): void {
  writer.opaque(path.leafNode.bytes)
  writer.vector(path.nodes, (w, node) => {
    w.opaqueV(node.publicKey).vector(node.secrets, writeEncryptedSecret)
  })
}
