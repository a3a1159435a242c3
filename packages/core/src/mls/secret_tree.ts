/**
 * The secret tree (RFC 9420 section 9), derived lazily: a node is expanded when a leaf below it
 * first needs keys, and its secret is gone from the next value.
 *
 * @module
 */
import type { CryptoProvider } from "../crypto/provider.ts"
import { Secret } from "../crypto/secret.ts"
import { expandWithLabel } from "./labeled.ts"
import { refuse } from "./mls_error.ts"
import { SenderRatchet } from "./sender_ratchet.ts"
import { SharedSecretPart } from "./shared_secret_part.ts"

const utf8 = new TextEncoder()
const leftContext = utf8.encode("left")
const rightContext = utf8.encode("right")
const none = new Uint8Array(0)

/** Both ratchets of one sender. Holds each once. */
export class SenderRatchets extends SharedSecretPart {
  /** For proposals and commits. */
  readonly handshake: SenderRatchet
  /** For application data. */
  readonly application: SenderRatchet

  /** Takes over one hold on each ratchet. */
  constructor(handshake: SenderRatchet, application: SenderRatchet) {
    super()
    this.handshake = handshake
    this.application = application
  }

  protected override wipe(): void {
    this.handshake.release()
    this.application.release()
  }
}

/**
 * A node: not expanded yet (`secret`), expanded (two children, either of which is gone when it lies
 * outside the tree), or a leaf in use (`ratchets`).
 */
export class SecretNode extends SharedSecretPart {
  readonly #secret: Secret | undefined
  /** Left child. */
  readonly left: SecretNode | undefined
  /** Right child. */
  readonly right: SecretNode | undefined
  /** Ratchets of a leaf in use. */
  readonly ratchets: SenderRatchets | undefined

  private constructor(
    secret: Secret | undefined,
    left: SecretNode | undefined,
    right: SecretNode | undefined,
    ratchets: SenderRatchets | undefined,
  ) {
    super()
    this.#secret = secret
    this.left = left
    this.right = right
    this.ratchets = ratchets
  }

  /** A node that is not expanded; takes ownership. */
  static ofSecret(secret: Uint8Array): SecretNode {
    return new SecretNode(Secret.take(secret), undefined, undefined, undefined)
  }

  /** An expanded node; takes over one hold on each child. */
  static ofChildren(left: SecretNode | undefined, right: SecretNode | undefined): SecretNode {
    return new SecretNode(undefined, left, right, undefined)
  }

  /** A leaf in use; takes over one hold. */
  static ofRatchets(ratchets: SenderRatchets): SecretNode {
    return new SecretNode(undefined, undefined, undefined, ratchets)
  }

  /** The secret of a node that is not expanded, the live buffer. */
  get secret(): Uint8Array | undefined {
    return this.#secret?.bytes
  }

  protected override wipe(): void {
    this.#secret?.wipe()
    this.left?.release()
    this.right?.release()
    this.ratchets?.release()
  }
}

/** An immutable secret tree for `width` leaves. */
export class SecretTree extends SharedSecretPart {
  /** Number of leaves, a power of two. */
  readonly width: number
  /** Topmost node. */
  readonly root: SecretNode

  /** Takes over one hold on the root. */
  constructor(width: number, root: SecretNode) {
    super()
    this.width = width
    this.root = root
  }

  /** A fresh tree; takes ownership of `encryption_secret`. */
  static ofEncryptionSecret(width: number, encryptionSecret: Uint8Array): SecretTree {
    return new SecretTree(width, SecretNode.ofSecret(encryptionSecret))
  }

  protected override wipe(): void {
    this.root.release()
  }
}

function childSecret(crypto: CryptoProvider, secret: Uint8Array, context: Uint8Array): Uint8Array {
  return expandWithLabel(crypto, secret, "tree", context, 32)
}

function leafRatchets(crypto: CryptoProvider, secret: Uint8Array): SenderRatchets {
  const start = (label: string): SenderRatchet =>
    new SenderRatchet(0, Secret.take(expandWithLabel(crypto, secret, label, none, 32)), [])
  return new SenderRatchets(start("handshake"), start("application"))
}

/**
 * The ratchets of a leaf; the caller holds them once. The tree stays as it is.
 *
 * @throws MlsError `generation-used` for a leaf whose keys are gone.
 */
export function ratchetsOf(
  crypto: CryptoProvider,
  tree: SecretTree,
  leafIndex: number,
): SenderRatchets {
  let node: SecretNode = tree.root
  let bit = tree.width >> 1
  while (node.secret === undefined) {
    if (node.ratchets !== undefined) return node.ratchets.retain()
    node = (leafIndex & bit ? node.right : node.left) ?? refuse("generation-used")
    bit >>= 1
  }
  let secret: Uint8Array = node.secret.slice()
  for (; bit > 0; bit >>= 1) {
    const next = childSecret(crypto, secret, leafIndex & bit ? rightContext : leftContext)
    secret.fill(0)
    secret = next
  }
  const ratchets = leafRatchets(crypto, secret)
  secret.fill(0)
  return ratchets
}

/**
 * The tree with other ratchets in one leaf; takes over one hold on them. Secrets above the leaf are
 * not part of it any more.
 */
export function withRatchets(
  crypto: CryptoProvider,
  tree: SecretTree,
  leafIndex: number,
  ratchets: SenderRatchets,
): SecretTree {
  const leaf = SecretNode.ofRatchets(ratchets)
  const replace = (node: SecretNode | undefined, bit: number): SecretNode => {
    if (bit === 0) return leaf
    const goRight = (leafIndex & bit) !== 0
    if (node?.secret !== undefined) {
      return expandDown(crypto, node.secret.slice(), leafIndex, bit, leaf)
    }
    const left = goRight ? node?.left?.retain() : replace(node?.left, bit >> 1)
    const right = goRight ? replace(node?.right, bit >> 1) : node?.right?.retain()
    return SecretNode.ofChildren(left, right)
  }
  return new SecretTree(tree.width, replace(tree.root, tree.width >> 1))
}

/** Expands from an owned secret down to the leaf, keeping the secrets beside the way. */
function expandDown(
  crypto: CryptoProvider,
  secret: Uint8Array,
  leafIndex: number,
  bit: number,
  leaf: SecretNode,
): SecretNode {
  if (bit === 0) {
    secret.fill(0)
    return leaf
  }
  const left = childSecret(crypto, secret, leftContext)
  const right = childSecret(crypto, secret, rightContext)
  secret.fill(0)
  return leafIndex & bit
    ? SecretNode.ofChildren(
      SecretNode.ofSecret(left),
      expandDown(crypto, right, leafIndex, bit >> 1, leaf),
    )
    : SecretNode.ofChildren(
      expandDown(crypto, left, leafIndex, bit >> 1, leaf),
      SecretNode.ofSecret(right),
    )
}

/** Key and nonce that hide sender and generation of a PrivateMessage (section 6.3.2). */
export function senderDataKey(
  crypto: CryptoProvider,
  senderDataSecret: Uint8Array,
  ciphertext: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const sample = ciphertext.subarray(0, 32)
  return {
    key: expandWithLabel(crypto, senderDataSecret, "key", sample, 16),
    nonce: expandWithLabel(crypto, senderDataSecret, "nonce", sample, 12),
  }
}
