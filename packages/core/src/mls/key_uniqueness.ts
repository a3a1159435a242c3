/**
 * Uniqueness of keys over a tree (RFC 9420 sections 7.3 and 12.4.2).
 *
 * @module
 */
import { refuse } from "./mls_error.ts"
import type { RatchetTree } from "./ratchet_tree.ts"

function word(key: Uint8Array): string {
  let text = ""
  for (const byte of key) text += String.fromCharCode(byte)
  return text
}

/** Refuses with `duplicate-key` when two nodes share an encryption key or two leaves a signature key. */
export function checkAllKeysUnique(tree: RatchetTree): void {
  const encryption = new Set<string>()
  const signature = new Set<string>()
  const add = (set: Set<string>, key: Uint8Array): void => {
    const before = set.size
    if (set.add(word(key)).size === before) refuse("duplicate-key")
  }
  for (const leaf of tree.leaves) {
    if (leaf === undefined) continue
    add(encryption, leaf.encryptionKey)
    add(signature, leaf.signatureKey)
  }
  for (const parent of tree.parents) if (parent !== undefined) add(encryption, parent.publicKey)
}

/**
 * Refuses with `duplicate-key` when a changed leaf's keys occur anywhere else in the tree. Cheaper
 * than checking all when a valid tree changed in few places.
 */
export function checkLeafKeysUnique(tree: RatchetTree, changed: ReadonlyArray<number>): void {
  if (changed.length === 0) return
  if (changed.length > 16) return checkAllKeysUnique(tree)
  for (const index of changed) {
    const leaf = tree.leaves[index]
    if (leaf === undefined) continue
    tree.leaves.forEach((other, i) => {
      if (other === undefined || i === index) return
      if (same(other.encryptionKey, leaf.encryptionKey)) refuse("duplicate-key")
      if (same(other.signatureKey, leaf.signatureKey)) refuse("duplicate-key")
    })
    for (const parent of tree.parents) {
      if (parent !== undefined && same(parent.publicKey, leaf.encryptionKey)) {
        refuse("duplicate-key")
      }
    }
  }
}

/**
 * Refuses with `duplicate-key` when a key of a path occurs in the tree that it is put on, or twice
 * in the path.
 */
export function checkPathKeysFresh(tree: RatchetTree, keys: ReadonlyArray<Uint8Array>): void {
  keys.forEach((key, i) => {
    for (let j = 0; j < i; j++) if (same(keys[j] as Uint8Array, key)) refuse("duplicate-key")
    for (const leaf of tree.leaves) {
      if (leaf !== undefined && same(leaf.encryptionKey, key)) refuse("duplicate-key")
    }
    for (const parent of tree.parents) {
      if (parent !== undefined && same(parent.publicKey, key)) refuse("duplicate-key")
    }
  })
}

/**
 * Refuses with `duplicate-key` when an init key occurs twice, or is the encryption key of a leaf of
 * the tree or one of `others`. RFC 9420 asks for it within one KeyPackage only; OpenMLS over the
 * whole commit, and members must agree.
 */
export function checkInitKeys(
  tree: RatchetTree,
  initKeys: ReadonlyArray<Uint8Array>,
  others: ReadonlyArray<Uint8Array> = [],
): void {
  if (initKeys.length === 0) return
  const seen = new Set<string>()
  for (const key of initKeys) {
    const text = word(key)
    if (seen.has(text)) refuse("duplicate-key")
    seen.add(text)
  }
  const check = (key: Uint8Array): void => {
    if (seen.has(word(key))) refuse("duplicate-key")
  }
  for (const leaf of tree.leaves) if (leaf !== undefined) check(leaf.encryptionKey)
  others.forEach(check)
}

/** Public keys: no need for constant time, and most differ in the first byte. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a[0] !== b[0] || a.length !== b.length) return false
  for (let i = 1; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
