/**
 * Vectors `message-protection`: framing, signing and encrypting each kind of content.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls, encodeTls } from "../../../packages/core/src/codec/tls.ts"
import {
  type FramedAuth,
  framedContentTbs,
  makeFramedContent,
  type MessageContent,
  writeContent,
} from "../../../packages/core/src/mls/framed_content.ts"
import { encodeGroupContext } from "../../../packages/core/src/mls/group_context.ts"
import { signWithLabel, verifyWithLabel } from "../../../packages/core/src/mls/labeled.ts"
import { decodeMlsMessage } from "../../../packages/core/src/mls/mls_message.ts"
import {
  openContent,
  openSenderData,
  readPrivateContent,
  sealPrivateMessage,
} from "../../../packages/core/src/mls/private_message.ts"
import {
  encodePublicMessage,
  membershipTag,
} from "../../../packages/core/src/mls/public_message.ts"
import { ratchetsOf, SecretTree } from "../../../packages/core/src/mls/secret_tree.ts"
import { stepTo } from "../../../packages/core/src/mls/sender_ratchet.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly group_id: string
  readonly epoch: number
  readonly tree_hash: string
  readonly confirmed_transcript_hash: string
  readonly signature_priv: string
  readonly signature_pub: string
  readonly encryption_secret: string
  readonly sender_data_secret: string
  readonly membership_key: string
  readonly proposal: string
  readonly proposal_priv: string
  readonly proposal_pub: string
  readonly commit: string
  readonly commit_priv: string
  readonly commit_pub: string
  readonly application: string
  readonly application_priv: string
}

// The sender of every vector, in a tree of two leaves.
const sender = 1
const limits = { outOfOrder: 100, forward: 1000, pendingProposals: 0 }
const publicFormat = 1
const privateFormat = 2

class Epoch {
  readonly #entry: Entry
  readonly #context: Uint8Array
  readonly #tree: SecretTree

  constructor(entry: Entry) {
    this.#entry = entry
    this.#context = encodeGroupContext({
      version: 1,
      cipherSuite: 1,
      groupId: hex(entry.group_id),
      epoch: BigInt(entry.epoch),
      treeHash: hex(entry.tree_hash),
      confirmedTranscriptHash: hex(entry.confirmed_transcript_hash),
      extensions: [],
    })
    this.#tree = SecretTree.ofEncryptionSecret(2, hex(entry.encryption_secret))
  }

  unprotectPublic(message: string): MessageContent {
    const decoded = decodeMlsMessage(hex(message))
    assert.equal(decoded.wireFormat, "publicMessage")
    const { content, auth, membershipTag: tag } = decoded.message
    assert.deepEqual(content.sender, { kind: "member", leafIndex: sender })
    const tbs = framedContentTbs(publicFormat, content.bytes, this.#context)
    assert.deepEqual(tag, membershipTag(crypto, hex(this.#entry.membership_key), tbs, auth))
    this.#verify(tbs, auth)
    return content.content
  }

  unprotectPrivate(message: string): { content: MessageContent; auth: FramedAuth } {
    const decoded = decodeMlsMessage(hex(message))
    assert.equal(decoded.wireFormat, "privateMessage")
    const sealed = decoded.message
    const data = openSenderData(crypto, hex(this.#entry.sender_data_secret), sealed)
    assert.ok(data)
    assert.equal(data.leafIndex, sender)
    const key = this.#key(sealed.contentKind, data.generation)
    const plaintext = openContent(crypto, key, data.reuseGuard, sealed)
    assert.ok(plaintext)
    const opened = decodeTls(plaintext, (r) => readPrivateContent(r, sealed.contentKind))
    const framed = this.#frame(opened.content, sealed.authenticatedData)
    this.#verify(framedContentTbs(privateFormat, framed.bytes, this.#context), opened.auth)
    return opened
  }

  protectPublic(content: MessageContent): string {
    const framed = this.#frame(content, hex("aabb"))
    const { tbs, auth } = this.#sign(framed.bytes, publicFormat, content)
    const tag = membershipTag(crypto, hex(this.#entry.membership_key), tbs, auth)
    return toHex(encodePublicMessage({ content: framed, auth, membershipTag: tag }))
  }

  protectPrivate(content: MessageContent, padding: number): string {
    const authenticatedData = hex("ccdd")
    const framed = this.#frame(content, authenticatedData)
    const { auth } = this.#sign(framed.bytes, privateFormat, content)
    return toHex(sealPrivateMessage(crypto, {
      head: {
        groupId: framed.groupId,
        epoch: framed.epoch,
        contentKind: content.kind,
        authenticatedData,
      },
      content,
      auth,
      padding,
      leafIndex: sender,
      key: this.#key(content.kind, 7),
      reuseGuard: hex("01020304"),
      senderDataSecret: hex(this.#entry.sender_data_secret),
    }))
  }

  #key(kind: MessageContent["kind"], generation: number) {
    const { application, handshake } = ratchetsOf(crypto, this.#tree, sender)
    const ratchet = kind === "application" ? application : handshake
    return stepTo(crypto, ratchet, generation, limits).messageKey
  }

  #frame(content: MessageContent, authenticatedData: Uint8Array) {
    const { group_id, epoch } = this.#entry
    return makeFramedContent(hex(group_id), BigInt(epoch), sender, authenticatedData, content)
  }

  #sign(framed: Uint8Array, wireFormat: number, content: MessageContent) {
    const tbs = framedContentTbs(wireFormat, framed, this.#context)
    const key = crypto.importSigningKey(hex(this.#entry.signature_priv))
    const signature = signWithLabel(crypto, key, "FramedContentTBS", tbs)
    const confirmationTag = content.kind === "commit" ? new Uint8Array(32).fill(9) : undefined
    return { tbs, auth: { signature, confirmationTag } }
  }

  #verify(tbs: Uint8Array, auth: FramedAuth): void {
    const key = crypto.importVerificationKey(hex(this.#entry.signature_pub))
    assert.ok(key)
    assert.equal(verifyWithLabel(crypto, key, "FramedContentTBS", tbs, auth.signature), true)
  }
}

// Proposals and commits are compared as their encodings, application data as itself.
function encoded(content: MessageContent): string {
  return content.kind === "application"
    ? toHex(content.data)
    : toHex(encodeTls((w) => writeContent(w, content)))
}

function check(entry: Entry): void {
  const epoch = new Epoch(entry)
  assert.equal(encoded(epoch.unprotectPublic(entry.proposal_pub)), entry.proposal)
  assert.equal(encoded(epoch.unprotectPublic(entry.commit_pub)), entry.commit)
  for (
    const [message, expected] of [
      [entry.proposal_priv, entry.proposal],
      [entry.commit_priv, entry.commit],
      [entry.application_priv, entry.application],
    ] as const
  ) {
    const { content } = epoch.unprotectPrivate(message)
    assert.equal(encoded(content), expected)
    for (const padding of [0, 64]) {
      const again = epoch.unprotectPrivate(epoch.protectPrivate(content, padding))
      assert.equal(encoded(again.content), expected)
    }
    if (content.kind === "application") continue
    assert.equal(encoded(epoch.unprotectPublic(epoch.protectPublic(content))), expected)
  }
}

/** The family. */
export const messageProtection: VectorFamily = family<Entry>({
  name: "message-protection",
  keys: [
    "group_id",
    "epoch",
    "tree_hash",
    "confirmed_transcript_hash",
    "signature_priv",
    "signature_pub",
    "encryption_secret",
    "sender_data_secret",
    "membership_key",
    "proposal",
    "proposal_priv",
    "proposal_pub",
    "commit",
    "commit_priv",
    "commit_pub",
    "application",
    "application_priv",
  ],
  check,
})
