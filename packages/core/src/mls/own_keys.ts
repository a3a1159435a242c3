/**
 * Private keys of our own leaf and of the path above it.
 *
 * @module
 */
import type { CryptoProvider, DhKey, SigningKey } from "../crypto/provider.ts"
import { Secret } from "../crypto/secret.ts"
import { SharedSecretPart } from "./shared_secret_part.ts"

/** One private key of 32 bytes, imported into the provider when it is first used. */
export class PrivateKey extends SharedSecretPart {
  readonly #secret: Secret
  #dh: DhKey | undefined
  #signing: SigningKey | undefined

  private constructor(secret: Secret) {
    super()
    this.#secret = secret
  }

  /** Takes ownership of 32 bytes. */
  static take(bytes: Uint8Array): PrivateKey {
    return new PrivateKey(Secret.take(bytes))
  }

  /** Copies 32 bytes that somebody else owns. */
  static copyOf(bytes: Uint8Array): PrivateKey {
    return new PrivateKey(Secret.copyOf(bytes))
  }

  /** The live buffer. */
  get bytes(): Uint8Array {
    return this.#secret.bytes
  }

  /** As an X25519 key. */
  dhKey(crypto: CryptoProvider): DhKey {
    return this.#dh ??= crypto.importDhKey(this.#secret.bytes)
  }

  /** As an Ed25519 key. */
  signingKey(crypto: CryptoProvider): SigningKey {
    return this.#signing ??= crypto.importSigningKey(this.#secret.bytes)
  }

  protected override wipe(): void {
    this.#secret.wipe()
    this.#dh?.wipe()
    this.#signing?.wipe()
  }
}

/** What a member knows of the private tree. Holds every key that it is given. */
export class OwnKeys extends SharedSecretPart {
  /** X25519 key of the leaf. */
  readonly leaf: PrivateKey
  /** X25519 keys of ancestors, by node index. */
  readonly path: ReadonlyMap<number, PrivateKey>
  /** Ed25519 seed of the leaf. */
  readonly signature: PrivateKey

  /** Takes over one hold on each key. */
  constructor(leaf: PrivateKey, path: ReadonlyMap<number, PrivateKey>, signature: PrivateKey) {
    super()
    this.leaf = leaf
    this.path = path
    this.signature = signature
  }

  /** The key of a node, if it is known. */
  at(node: number, ownLeaf: number): PrivateKey | undefined {
    return node === ownLeaf * 2 ? this.leaf : this.path.get(node)
  }

  protected override wipe(): void {
    this.leaf.release()
    for (const key of this.path.values()) key.release()
    this.signature.release()
  }
}
