/**
 * The one place that asks the runtime for native cryptography. Nothing is imported: where the
 * runtime has none, core still loads and uses pure JavaScript.
 *
 * @module
 */

/** A key inside the native library. */
export interface NativeKey {
  /** The public key as JWK (RFC 8037): `x` is the key in base64url without padding. */
  readonly export: (options: { readonly format: "jwk" }) => { readonly x: string }
}

/** DER as the native import wants it. */
export interface NativeKeyInput<Type extends string> {
  /** The encoded key. */
  readonly key: Uint8Array
  /** Always binary. */
  readonly format: "der"
  /** Which structure it is. */
  readonly type: Type
}

/** A running AEAD encryption or decryption. */
export interface NativeCipher {
  /** Sets the additional data, before the first `update`. */
  readonly setAAD: (data: Uint8Array) => unknown
  /** Sets the expected tag; decryption only. */
  readonly setAuthTag: (tag: Uint8Array) => unknown
  /** The tag after `final`; encryption only. */
  readonly getAuthTag: () => Uint8Array
  /** Processes data. */
  readonly update: (data: Uint8Array) => Uint8Array
  /** Ends it; throws when a tag does not match. */
  readonly final: () => Uint8Array
}

/** Creates a {@link NativeCipher}. */
export type NativeCipherFactory = (
  algorithm: string,
  key: Uint8Array | NativeKey,
  nonce: Uint8Array,
  options: { readonly authTagLength: number },
) => NativeCipher

/** A running hash or HMAC. */
export interface NativeHash {
  /** Adds data. */
  readonly update: (data: Uint8Array) => NativeHash
  /** Ends it. */
  readonly digest: () => Uint8Array
}

/** The part of the module `node:crypto` that core uses. */
export interface NodeCrypto {
  /** Names of the ciphers that the library has. */
  readonly getCiphers: () => ReadonlyArray<string>
  /** Encrypts. */
  readonly createCipheriv: NativeCipherFactory
  /** Decrypts. */
  readonly createDecipheriv: NativeCipherFactory
  /** Hashes. */
  readonly createHash: (algorithm: "sha256") => NativeHash
  /** Authenticates. */
  readonly createHmac: (algorithm: "sha256", key: Uint8Array | NativeKey) => NativeHash
  /** Imports a symmetric key. */
  readonly createSecretKey: (key: Uint8Array) => NativeKey
  /** Imports a private key. */
  readonly createPrivateKey: (input: NativeKeyInput<"pkcs8">) => NativeKey
  /** Imports a public key, or derives it from a private one. */
  readonly createPublicKey: (input: NativeKeyInput<"spki"> | NativeKey) => NativeKey
  /** Signs; the algorithm is the key's. */
  readonly sign: (algorithm: null, data: Uint8Array, key: NativeKey) => Uint8Array
  /** Verifies; the algorithm is the key's. */
  readonly verify: (
    algorithm: null,
    data: Uint8Array,
    key: NativeKey,
    signature: Uint8Array,
  ) => boolean
  /** Diffie-Hellman. */
  readonly diffieHellman: (keys: {
    readonly privateKey: NativeKey
    readonly publicKey: NativeKey
  }) => Uint8Array
}

/** The hasher of Bun, several times faster there than `node:crypto`. */
export interface BunHashing {
  /** One-shot SHA-256. */
  readonly SHA256: { readonly hash: (data: Uint8Array) => Uint8Array }
  /** HMAC when a key is given. */
  readonly CryptoHasher: new (algorithm: "sha256", key: Uint8Array) => {
    readonly update: (data: Uint8Array) => unknown
    readonly digest: () => Uint8Array
  }
}

/** Which runtime this is; decides which form of a native call is the fast one. */
export type RuntimeName = "node" | "deno" | "bun" | "other"

interface RuntimeGlobals {
  readonly Deno?: unknown
  readonly Bun?: BunHashing
  readonly process?: {
    readonly getBuiltinModule?: (name: string) => unknown
    readonly versions?: { readonly node?: string }
  }
}

const globals: RuntimeGlobals = globalThis

/** The runtime's name, by its own global object. */
export function runtimeName(): RuntimeName {
  if (globals.Bun !== undefined) return "bun"
  if (globals.Deno !== undefined) return "deno"
  return globals.process?.versions?.node !== undefined ? "node" : "other"
}

/** The module `node:crypto`, or `undefined` where the runtime has none. */
export function findNodeCrypto(): NodeCrypto | undefined {
  return globals.process?.getBuiltinModule?.("node:crypto") as NodeCrypto | undefined
}

/** The hasher of Bun, or `undefined` on other runtimes. */
export function findBunHashing(): BunHashing | undefined {
  return globals.Bun
}
