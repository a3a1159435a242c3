/**
 * A member that runs on our machine.
 *
 * @module
 */
import assert from "node:assert/strict"
import {
  commit,
  createGroup,
  decodeState,
  encodeState,
  generateKeyPackage,
  type InlineProposal,
  join,
  MARMOT_MAX_LIFETIME,
  type MlsGroup,
  type MlsPolicy,
  type OwnCommit,
  type OwnKeyPackage,
  parseKeyPackage,
  peek,
  processMessage,
  type ProposalRequest,
  propose,
  retire,
  seal,
} from "../../../packages/core/src/mls/mod.ts"
import {
  type CryptoProvider,
  defaultCryptoProvider,
} from "../../../packages/core/src/crypto/mod.ts"
import type { EntropyService } from "../../../packages/core/src/services/mod.ts"
import type {
  InteropMember,
  MadeCommit,
  PlainCommit,
  PlainExtension,
  PlainProposal,
  PlainReceived,
  PlainRequest,
  PlainState,
} from "./member.ts"
import { hex, toHex } from "./seeded.ts"

const pastEpochs = 5
const crypto: CryptoProvider = defaultCryptoProvider()

/** A member that runs on our machine. Values that were replaced are retired. */
export class OurMember implements InteropMember {
  readonly kind = "ours"
  readonly name: string
  readonly identity: string
  readonly #entropy: EntropyService
  readonly #wireFormat: "public" | "private"
  #keyPackages: Array<OwnKeyPackage> = []
  #states: Array<MlsGroup> = []
  #pending: OwnCommit | undefined
  readonly #psks = new Map<string, Uint8Array>()
  readonly #policy: MlsPolicy = {
    lifetime: { maxSpan: MARMOT_MAX_LIFETIME },
    psk: (id) => id.kind === "external" ? this.#psks.get(toHex(id.id)) : undefined,
  }

  constructor(
    name: string,
    identity: string,
    privateHandshakes: boolean,
    entropy: EntropyService,
  ) {
    this.name = name
    this.identity = identity
    this.#entropy = entropy
    this.#wireFormat = privateHandshakes ? "private" : "public"
  }

  keyPackage(): Promise<string> {
    return this.#do(() => toHex(this.#newKeyPackage().message))
  }

  create(groupId: string, extensions: ReadonlyArray<PlainExtension>): Promise<void> {
    return this.#do(() => {
      this.#states = [createGroup({
        crypto,
        entropy: this.#entropy,
        groupId: hex(groupId),
        creator: this.#newKeyPackage(),
        extensions: extensions.map(([type, data]) => ({ type, data: hex(data) })),
      })]
    })
  }

  storePsk(id: string, psk: string): Promise<void> {
    return this.#do(() => {
      this.#psks.set(id, hex(psk))
    })
  }

  tree(): Promise<string> {
    return this.#do(() => toHex(this.#current().ratchetTreeBytes))
  }

  join(welcome: string, tree?: string): Promise<void> {
    return this.#do(() => {
      const { group } = join({
        crypto,
        welcome: hex(welcome),
        keyPackages: this.#keyPackages,
        policy: this.#policy,
        ...(tree === undefined ? {} : { ratchetTree: hex(tree) }),
      })
      this.#states = [group]
    })
  }

  propose(proposal: PlainRequest): Promise<string> {
    return this.#do(() => {
      const made = propose(this.#current(), this.#request(proposal), {
        entropy: this.#entropy,
        policy: this.#policy,
        wireFormat: proposal.type === "self_remove" ? "public" : this.#wireFormat,
      })
      this.#replace(this.#current(), made.group)
      return toHex(made.message)
    })
  }

  commit(request: PlainCommit): Promise<MadeCommit> {
    return this.#do(() => {
      assert.equal(this.#pending, undefined, "a commit is pending")
      const leaf = {
        ...(request.new_signer ? { signatureSeed: this.#entropy.bytes(32) } : {}),
        ...(request.leaf_extensions === undefined ? {} : {
          extensions: request.leaf_extensions.map(([type, data]) => ({ type, data: hex(data) })),
        }),
      }
      const made = commit(this.#current(), {
        entropy: this.#entropy,
        references: request.pending ? "all" : [],
        proposals: request.proposals.map((p) => this.#inline(p)),
        path: request.path ? "force" : "auto",
        wireFormat: this.#wireFormat,
        ratchetTree: request.tree_beside ? "beside" : "inside",
        policy: this.#policy,
        ...(Object.keys(leaf).length > 0 ? { leaf } : {}),
        ...(request.aad === undefined ? {} : { authenticatedData: hex(request.aad) }),
      })
      this.#pending = made
      return {
        commit: toHex(made.message),
        welcome: made.welcome === undefined ? null : toHex(made.welcome),
      }
    })
  }

  merge(): Promise<void> {
    return this.#do(() => {
      assert.ok(this.#pending, "no commit is pending")
      this.#advance(this.#pending.next)
      this.#pending = undefined
    })
  }

  clear(): Promise<void> {
    return this.#do(() => {
      assert.ok(this.#pending, "no commit is pending")
      retire(this.#pending.next)
      this.#pending = undefined
    })
  }

  send(data: string, aad: string = ""): Promise<string> {
    return this.#do(() => {
      const before = this.#current()
      const sealed = seal(before, hex(data), {
        entropy: this.#entropy,
        authenticatedData: hex(aad),
      })
      this.#replace(before, sealed.group)
      return toHex(sealed.message)
    })
  }

  receive(message: string): Promise<PlainReceived> {
    return this.#do<PlainReceived>(() => {
      const bytes = hex(message)
      const head = peek(bytes)
      const late = "content" in head && head.content === "application"
        ? this.#states.find((s) => s.epoch === head.epoch)
        : undefined
      const before = late ?? this.#current()
      const received = processMessage(before, bytes, this.#policy)
      switch (received.kind) {
        case "application":
          this.#replace(before, received.group)
          return {
            kind: "application",
            data: toHex(received.plaintext),
            sender: received.sender.leafIndex,
            aad: toHex(received.authenticatedData),
          }
        case "proposal":
          this.#replace(before, received.group)
          return { kind: "proposal", sender: received.sender.leafIndex }
        case "commit": {
          const { next, preview } = received
          if (next !== undefined) this.#advance(next)
          return {
            kind: "commit",
            sender: preview.committer.leafIndex,
            removed: next === undefined,
          }
        }
      }
    })
  }

  state(): Promise<PlainState> {
    return this.#do(() => {
      const group = this.#current()
      return {
        epoch: Number(group.epoch),
        epoch_authenticator: toHex(group.epochAuthenticator),
        tree_hash: toHex(group.treeHash),
        group_context: toHex(group.contextBytes),
        exporter_secret: toHex(
          group.exporter("group-event", new TextEncoder().encode("group-event"), 32),
        ),
        members: group.members().map((m) => [m.leafIndex, toHex(m.identity)] as const),
      }
    })
  }

  leaf(): Promise<number> {
    return this.#do(() => this.#current().ownLeaf)
  }

  /** Puts the current state away in parts and goes on with what comes out of them. */
  reload(): void {
    const before = this.#current()
    this.#replace(before, decodeState({ crypto, parts: encodeState(before) }))
  }

  /** The current value, for what only our side can show. */
  get group(): MlsGroup {
    return this.#current()
  }

  // The interface is asynchronous because the other implementation lives in another process.
  #do<T>(action: () => T): Promise<T> {
    return new Promise((resolve) => resolve(action()))
  }

  #current(): MlsGroup {
    const state = this.#states.at(-1)
    assert.ok(state, "member has no group")
    return state
  }

  #replace(before: MlsGroup, after: MlsGroup): void {
    if (before === after) return
    this.#states = this.#states.map((s) => s === before ? after : s)
    retire(before)
  }

  #advance(next: MlsGroup): void {
    this.#states.push(next)
    while (this.#states.length > pastEpochs + 1) retire(this.#states.shift() as MlsGroup)
  }

  #newKeyPackage(): OwnKeyPackage {
    const now = BigInt(Math.floor(Date.now() / 1000))
    const made = generateKeyPackage({
      crypto,
      entropy: this.#entropy,
      identity: hex(this.identity),
      capabilities: {
        versions: [1],
        cipherSuites: [1],
        extensions: [6, 0xff01],
        proposals: [8, 10],
        credentials: [1],
      },
      leafExtensions: [],
      lifetime: { notBefore: now - 3600n, notAfter: now - 3600n + MARMOT_MAX_LIFETIME },
    })
    this.#keyPackages.push(made)
    return made
  }

  #request(proposal: PlainRequest): ProposalRequest {
    if (proposal.type === "update") return { type: "update" }
    return proposal.type === "self_remove" ? { type: "selfRemove" } : this.#inline(proposal)
  }

  #inline(proposal: PlainProposal): InlineProposal {
    switch (proposal.type) {
      case "add":
        return { type: "add", keyPackage: parseKeyPackage(crypto, hex(proposal.key_package), {}) }
      case "remove":
        return { type: "remove", leafIndex: proposal.leaf }
      case "psk":
        return { type: "psk", pskId: hex(proposal.psk_id) }
      case "group_context_extensions":
        return {
          type: "groupContextExtensions",
          extensions: proposal.extensions.map(([type, data]) => ({ type, data: hex(data) })),
        }
      case "app_data_update":
        return {
          type: "appDataUpdate",
          componentId: proposal.component,
          ...(proposal.data === null ? {} : { update: hex(proposal.data) }),
        }
    }
  }
}
