/**
 * The secret tree as parts: one for each sender in use, one for each subtree that is not.
 *
 * @module
 */
import { decodeTls, encodeSecretTls, type TlsReader, type TlsWriter } from "../codec/tls.ts"
import { Secret } from "../crypto/secret.ts"
import { refuse } from "./mls_error.ts"
import { SecretNode, SecretTree, SenderRatchets } from "./secret_tree.ts"
import { MessageKey, SenderRatchet } from "./sender_ratchet.ts"
import { partVersion, readVersion } from "./state_codec.ts"
import { leftOf, rightOf, rootOf } from "./tree_math.ts"

function partName(node: number, content: SecretNode): string {
  return content.ratchets === undefined ? `secret/${node}` : `ratchet/${node >> 1}`
}

function writeRatchet(writer: TlsWriter, ratchet: SenderRatchet): void {
  writer.u32(ratchet.generation).opaque(ratchet.secret)
  writer.vector(ratchet.skipped, (w, k) => w.u32(k.generation).opaque(k.bytes))
}

function readRatchet(reader: TlsReader): SenderRatchet {
  const generation = reader.u32()
  const secret = Secret.take(reader.opaque(32))
  const skipped = reader.vector((r) => new MessageKey(r.u32(), r.opaque(28)))
  return new SenderRatchet(generation, secret, skipped)
}

/** `u8 version ‖ secret[32]`, or `u8 version ‖ handshake ‖ application`. */
function encodeNode(node: SecretNode): Uint8Array | undefined {
  const { secret, ratchets } = node
  if (secret !== undefined) return encodeSecretTls((w) => w.u8(partVersion).opaque(secret))
  if (ratchets === undefined) return undefined
  return encodeSecretTls((w) => {
    w.u8(partVersion)
    writeRatchet(w, ratchets.handshake)
    writeRatchet(w, ratchets.application)
  })
}

/** All parts of a secret tree. */
export function secretTreeParts(tree: SecretTree): ReadonlyMap<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>()
  collect(tree.root, rootOf(tree.width), parts)
  return parts
}

function collect(node: SecretNode, index: number, parts: Map<string, Uint8Array>): void {
  const value = encodeNode(node)
  if (value !== undefined) {
    parts.set(partName(index, node), value)
    return
  }
  if (node.left !== undefined) collect(node.left, leftOf(index), parts)
  if (node.right !== undefined) collect(node.right, rightOf(index), parts)
}

/** Adds to `put` and `remove` what differs between two secret trees of one state. */
export function secretTreeChanges(
  before: SecretTree,
  after: SecretTree,
  put: Map<string, Uint8Array>,
  remove: Array<string>,
): void {
  const compare = (
    a: SecretNode | undefined,
    b: SecretNode | undefined,
    index: number,
  ): void => {
    if (a === b) return
    if (b !== undefined) {
      const value = encodeNode(b)
      if (value !== undefined) put.set(partName(index, b), value)
    }
    if (a !== undefined && (a.secret !== undefined || a.ratchets !== undefined)) {
      const same = b !== undefined && (b.secret !== undefined || b.ratchets !== undefined) &&
        partName(index, a) === partName(index, b)
      if (!same) remove.push(partName(index, a))
    }
    if (index % 2 === 0) return
    compare(a?.left, b?.left, leftOf(index))
    compare(a?.right, b?.right, rightOf(index))
  }
  compare(before.root, after.root, rootOf(after.width))
}

/** Builds a secret tree from the parts of a state. */
export function decodeSecretTree(
  parts: ReadonlyMap<string, Uint8Array>,
  width: number,
): SecretTree {
  const nodes = new Map<number, SecretNode>()
  for (const [name, value] of parts) {
    if (name.startsWith("secret/")) {
      nodes.set(
        Number(name.slice(7)),
        decodeTls(value, (r) => {
          readVersion(r)
          return SecretNode.ofSecret(r.opaque(32))
        }),
      )
    } else if (name.startsWith("ratchet/")) {
      nodes.set(
        Number(name.slice(8)) * 2,
        decodeTls(value, (r) => {
          readVersion(r)
          return SecretNode.ofRatchets(new SenderRatchets(readRatchet(r), readRatchet(r)))
        }),
      )
    }
  }
  const expanded = new Set<number>()
  for (const node of nodes.keys()) {
    if (!Number.isInteger(node) || node < 0 || node > width * 2 - 2) refuse("invalid-state")
  }
  const build = (index: number): SecretNode | undefined => {
    const node = nodes.get(index)
    if (node !== undefined) {
      expanded.add(index)
      return node
    }
    if (index % 2 === 0) return undefined
    const left = build(leftOf(index))
    const right = build(rightOf(index))
    return left === undefined && right === undefined
      ? undefined
      : SecretNode.ofChildren(left, right)
  }
  const root = build(rootOf(width)) ?? refuse("invalid-state")
  if (expanded.size !== nodes.size) refuse("invalid-state")
  return new SecretTree(width, root)
}
