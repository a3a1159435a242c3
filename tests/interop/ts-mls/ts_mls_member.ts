/**
 * A member that runs on the public functions of ts-mls 1.6.4, to show what they get wrong.
 *
 * @module
 */
import { defaultAuthenticationService } from "ts-mls/authenticationService.js"
import type { ClientConfig } from "ts-mls/clientConfig.js"
import { type ClientState, createGroup, joinGroup } from "ts-mls/clientState.js"
import { createApplicationMessage } from "ts-mls/createMessage.js"
import { createCommit } from "ts-mls/createCommit.js"
import { type CiphersuiteImpl, getCiphersuiteFromName } from "ts-mls/crypto/ciphersuite.js"
import { getCiphersuiteImpl } from "ts-mls/crypto/getCiphersuiteImpl.js"
import { acceptAll } from "ts-mls/incomingMessageAction.js"
import { defaultKeyPackageEqualityConfig } from "ts-mls/keyPackageEqualityConfig.js"
import { generateKeyPackage, type KeyPackage, type PrivateKeyPackage } from "ts-mls/keyPackage.js"
import { defaultKeyRetentionConfig, type KeyRetentionConfig } from "ts-mls/keyRetentionConfig.js"
import { defaultLifetimeConfig } from "ts-mls/lifetimeConfig.js"
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from "ts-mls/message.js"
import { defaultPaddingConfig } from "ts-mls/paddingConfig.js"
import { processMessage, type ProcessMessageResult } from "ts-mls/processMessages.js"
import type { Proposal } from "ts-mls/proposal.js"
import { emptyPskIndex } from "ts-mls/pskIndex.js"

let suite: Promise<CiphersuiteImpl> | undefined

/** Ciphersuite 0x0001 on ts-mls's default provider. */
export function tsMlsSuite(): Promise<CiphersuiteImpl> {
  return suite ??= getCiphersuiteImpl(
    getCiphersuiteFromName("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"),
  )
}

/** What may differ from ts-mls's defaults. */
export interface TsMlsOptions {
  /** Retention of keys. */
  readonly retention?: KeyRetentionConfig
}

/** A commit and, with an Add, its Welcome, as MLSMessages. */
export interface TsMlsCommit {
  /** The commit. */
  readonly commit: Uint8Array
  /** The Welcome. */
  readonly welcome: Uint8Array | undefined
}

/** A member that runs on ts-mls. */
export class TsMlsMember {
  readonly #suite: CiphersuiteImpl
  readonly #config: ClientConfig
  readonly #public: KeyPackage
  readonly #private: PrivateKeyPackage
  #state: ClientState | undefined

  private constructor(
    suite: CiphersuiteImpl,
    config: ClientConfig,
    keys: { readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage },
  ) {
    this.#suite = suite
    this.#config = config
    this.#public = keys.publicPackage
    this.#private = keys.privatePackage
  }

  /** A person with a KeyPackage. */
  static async start(name: string, options: TsMlsOptions = {}): Promise<TsMlsMember> {
    const suite = await tsMlsSuite()
    const now = BigInt(Math.floor(Date.now() / 1000))
    const keys = await generateKeyPackage(
      { credentialType: "basic", identity: new TextEncoder().encode(name) },
      {
        versions: ["mls10"],
        ciphersuites: ["MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"],
        extensions: [0xff01],
        proposals: [],
        credentials: ["basic"],
      },
      { notBefore: now - 3600n, notAfter: now + 7_000_000n },
      [],
      suite,
    )
    const config: ClientConfig = {
      keyRetentionConfig: options.retention ?? defaultKeyRetentionConfig,
      lifetimeConfig: defaultLifetimeConfig,
      keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
      paddingConfig: defaultPaddingConfig,
      authService: defaultAuthenticationService,
    }
    return new TsMlsMember(suite, config, keys)
  }

  /** The state of ts-mls. */
  get state(): ClientState {
    if (this.#state === undefined) throw new Error("member has no group")
    return this.#state
  }

  /** The KeyPackage as ts-mls has it. */
  get publicPackage(): KeyPackage {
    return this.#public
  }

  /** The KeyPackage as an MLSMessage. */
  keyPackage(): Uint8Array {
    return encodeMlsMessage({
      version: "mls10",
      wireformat: "mls_key_package",
      keyPackage: this.#public,
    })
  }

  /** Founds a group. */
  async create(groupId: Uint8Array): Promise<void> {
    this.#state = await createGroup(
      groupId,
      this.#public,
      this.#private,
      [],
      this.#suite,
      this.#config,
    )
  }

  /** Joins a group. */
  async join(welcome: Uint8Array): Promise<void> {
    const message = decode(welcome)
    if (message.wireformat !== "mls_welcome") throw new Error("not a welcome")
    this.#state = await joinGroup(
      message.welcome,
      this.#public,
      this.#private,
      emptyPskIndex,
      this.#suite,
      undefined,
      undefined,
      this.#config,
    )
  }

  /** Commits proposals and adopts the commit. */
  async commit(proposals: ReadonlyArray<Proposal>): Promise<TsMlsCommit> {
    const made = await createCommit({ state: this.state, cipherSuite: this.#suite }, {
      wireAsPublicMessage: true,
      ratchetTreeExtension: true,
      extraProposals: [...proposals],
    })
    this.#state = made.newState
    return {
      commit: encodeMlsMessage(made.commit),
      welcome: made.welcome === undefined ? undefined : encodeMlsMessage({
        version: "mls10",
        wireformat: "mls_welcome",
        welcome: made.welcome,
      }),
    }
  }

  /** Seals application data. */
  async send(data: Uint8Array): Promise<Uint8Array> {
    const made = await createApplicationMessage(this.state, data, this.#suite)
    this.#state = made.newState
    return encodeMlsMessage({
      version: "mls10",
      wireformat: "mls_private_message",
      privateMessage: made.privateMessage,
    })
  }

  /** Reads a message and adopts what it leads to. */
  async receive(bytes: Uint8Array): Promise<ProcessMessageResult> {
    const message = decode(bytes)
    if (
      message.wireformat !== "mls_public_message" && message.wireformat !== "mls_private_message"
    ) {
      throw new Error("no message of a group")
    }
    const result = await processMessage(
      message,
      this.state,
      emptyPskIndex,
      acceptAll,
      this.#suite,
    )
    this.#state = result.newState
    return result
  }
}

/** An Add of a KeyPackage that comes as an MLSMessage. */
export function addProposal(keyPackage: Uint8Array): Proposal {
  const message = decode(keyPackage)
  if (message.wireformat !== "mls_key_package") throw new Error("not a key package")
  return { proposalType: "add", add: { keyPackage: message.keyPackage } }
}

/** A Remove of a leaf. */
export function removeProposal(leaf: number): Proposal {
  return { proposalType: "remove", remove: { removed: leaf } }
}

// ts-mls decodes to windows on its input.
function decode(bytes: Uint8Array): MLSMessage {
  const decoded = decodeMlsMessage(bytes.slice(), 0)
  if (decoded === undefined) throw new Error("not an MLSMessage")
  return decoded[0]
}
