/**
 * One observer of a recorded conversation, played by our engine with the recorded private keys.
 *
 * @module
 */
import { decodeHex, encodeHex } from "@mdk/core/codec"
import { defaultCryptoProvider } from "@mdk/core/crypto"
import { LocalSigner, parsePublicKey, parseSecretKey } from "@mdk/core/identity"
import { importKeyPackage, messageDigest, type OwnKeyPackage, processMessage } from "@mdk/core/mls"
import { readGroupEvent, readWelcome, unwrapGift, type Unwrapped } from "@mdk/core/nostr"
import { type NostrEvent, systemEntropy } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import {
  type GroupMoved,
  type GroupState,
  type MessageRead,
  openOuterLayer,
  openWelcome,
  type Output,
  receive,
  routesOf,
  tipOf,
} from "../../packages/core/src/group/mod.ts"
import { adoptedProfile } from "../../packages/core/src/profile/mod.ts"
import type { RecordedAccount, RecordedPublish } from "./transcript_schema.ts"

const crypto = defaultCryptoProvider()

/** What an observer saw during a step. */
export interface Seen {
  readonly joinedFrom: ReadonlyArray<string>
  readonly messages: ReadonlyArray<MessageRead>
  readonly moves: ReadonlyArray<GroupMoved>
}

/** Where a removal led, which nobody keeps but everybody can compute. */
export interface LastView {
  readonly epoch: bigint
  readonly treeHash: string
}

/** An event on its way, with what the record says of its content. */
export type Delivered = Pick<RecordedPublish, "event"> & Partial<RecordedPublish>

/** One observer. */
export class Observer {
  readonly name: string
  readonly #account: RecordedAccount
  readonly #keyPackages: ReadonlyArray<OwnKeyPackage>
  readonly #known: Set<string> = new Set()
  #waiting: ReadonlyArray<NostrEvent> = []
  #joinedFrom: Array<string> = []
  #outputs: Array<Output> = []
  group: GroupState | undefined
  lastView: LastView | undefined

  constructor(account: RecordedAccount) {
    this.name = account.name
    this.#account = account
    this.#keyPackages = account.key_packages.map((recorded) =>
      importKeyPackage({
        crypto,
        keyPackage: decodeHex(recorded.mls_message).subarray(4),
        initKey: decodeHex(recorded.init_key.private),
        leafKey: decodeHex(recorded.leaf_encryption_key.private),
        signatureSeed: decodeHex(account.mls_signature_key.private),
      })
    )
  }

  /** What was seen since the last call. */
  takeSeen(): Seen {
    const seen: Seen = {
      joinedFrom: this.#joinedFrom,
      messages: this.#outputs.filter((output) => output.tag === "message"),
      moves: this.#outputs.filter((output) => output.tag === "moved"),
    }
    this.#joinedFrom = []
    this.#outputs = []
    return seen
  }

  /** Gets an event; throws where a record and our reading of it differ. */
  async deliver(publish: Delivered): Promise<void> {
    if (publish.event.kind === 1059) return await this.#join(publish)
    this.#read(publish.event)
  }

  async #join(publish: Delivered): Promise<void> {
    const signer = LocalSigner.make(parseSecretKey(this.#account.nostr_secret_key), systemEntropy)
    const unwrapped: Unwrapped = await Effect.runPromise(unwrapGift(signer, publish.event))
    if (publish.rumor !== undefined && unwrapped.rumor.id !== publish.rumor.id) {
      throw new Error("the gift wrap holds another rumor")
    }
    const { welcome } = readWelcome(unwrapped.rumor)
    if (publish.mls_message !== undefined && encodeHex(welcome) !== publish.mls_message) {
      throw new Error("another Welcome")
    }
    if (this.group?.status === "active") throw new Error("a Welcome for a live copy")
    const joined = openWelcome(adoptedProfile, {
      crypto,
      self: parsePublicKey(this.#account.nostr_public_key),
      position: 1,
      welcome,
      keyPackages: this.#keyPackages,
      author: unwrapped.author,
    })
    this.group = joined.group
    this.lastView = undefined
    this.#joinedFrom.push(joined.inviter)
  }

  #read(event: NostrEvent): void {
    const moved = this.#take(event)
    if (!moved) return
    for (let changed = true; changed;) {
      const waiting = this.#waiting
      this.#waiting = []
      changed = waiting.filter((one) => this.#take(one)).length > 0
    }
  }

  /** True when keys or proposals changed. */
  #take(event: NostrEvent): boolean {
    const group = this.group
    if (group === undefined) return false
    const sealed = readGroupEvent(event)
    if (!routesOf(group).has(sealed.nostrGroupId)) return false
    const bytes = openOuterLayer(group, sealed)
    if (bytes === undefined) {
      if (group.status === "active") this.#waiting = [...this.#waiting, event]
      return false
    }
    const digest = encodeHex(messageDigest(crypto, bytes))
    if (this.#known.has(digest)) return false
    const received = receive(adoptedProfile, group, bytes, digest)
    if (received.disposition === "waiting") {
      this.#waiting = [...this.#waiting, event]
      return false
    }
    this.#known.add(digest)
    if (received.disposition === "dropped") return false
    if (received.group.status !== "active") this.lastView = viewAfter(group, bytes)
    this.group = received.group
    this.#outputs.push(...received.outputs)
    return received.outputs.some(({ tag }) => tag !== "message")
  }
}

/** The view that the commit which ended a copy leads to. */
function viewAfter(before: GroupState, commit: Uint8Array): LastView | undefined {
  const tip = tipOf(before)
  if (tip === undefined) return undefined
  const processed = processMessage(tip.mls, commit, adoptedProfile.policy)
  if (processed.kind !== "commit") return undefined
  const { context } = processed.preview
  return {
    epoch: context.epoch,
    treeHash: encodeHex(context.treeHash),
  }
}
