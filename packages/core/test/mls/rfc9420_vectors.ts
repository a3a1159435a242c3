/**
 * The public test vectors of RFC 9420, one function a family: each runs one entry and throws at the
 * first difference.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls, encodeTls, TlsReader } from "../../src/codec/tls.ts"
import { defaultCryptoProvider } from "../../src/crypto/default_provider.ts"
import { hpkeDeriveKeyPair, hpkeOpen, hpkeSeal } from "../../src/crypto/hpke.ts"
import type { CryptoProvider } from "../../src/crypto/provider.ts"
import { systemEntropy } from "../../src/services/entropy.ts"
import {
  authenticatedContentBytes,
  framedContentTbs,
  makeFramedContent,
  readCommit,
  readFramedAuth,
  readFramedContent,
  writeCommit,
} from "../../src/mls/framed_content.ts"
import { encodeGroupContext, type GroupContext } from "../../src/mls/group_context.ts"
import {
  epochFromIntermediate,
  exporterSecret,
  joinerKeys,
  joinerSecret,
  pskSecret,
  welcomeKey,
} from "../../src/mls/key_schedule.ts"
import {
  deriveSecret,
  encryptContext,
  expandWithLabel,
  refHash,
  signWithLabel,
  verifyWithLabel,
} from "../../src/mls/labeled.ts"
import * as mls from "../../src/mls/mod.ts"
import { decodeMlsMessage, encodeMlsMessage } from "../../src/mls/mls_message.ts"
import {
  confirmationTag,
  confirmedTranscriptHash,
  interimTranscriptHash,
} from "../../src/mls/next_epoch.ts"
import { OwnKeys, PrivateKey } from "../../src/mls/own_keys.ts"
import type { PreSharedKeyId } from "../../src/mls/pre_shared_key.ts"
import {
  openContent,
  openSenderData,
  readPrivateContent,
  sealPrivateMessage,
} from "../../src/mls/private_message.ts"
import { decodeProposal, encodeProposal } from "../../src/mls/proposal.ts"
import { encodePublicMessage, membershipTag } from "../../src/mls/public_message.ts"
import {
  encodeRatchetTree,
  filteredDirectPath,
  publicKeyOf,
  type RatchetTree,
  readRatchetTree,
  resolutionOf,
  TreeDraft,
} from "../../src/mls/ratchet_tree.ts"
import { ratchetsOf, SecretTree, senderDataKey } from "../../src/mls/secret_tree.ts"
import { stepTo } from "../../src/mls/sender_ratchet.ts"
import { nodeHash, treeHashOf } from "../../src/mls/tree_hash.ts"
import { encryptPath, freshPath, learn, openPath, placePath } from "../../src/mls/tree_kem.ts"
import { leftOf, nodeCount, parentOf, rightOf, rootOf } from "../../src/mls/tree_math.ts"
import { checkParentHashes } from "../../src/mls/tree_validation.ts"
import { readUpdatePath, writeUpdatePath } from "../../src/mls/update_path.ts"
import {
  encodeGroupSecrets,
  groupInfoTbs,
  readGroupInfo,
  readGroupSecrets,
} from "../../src/mls/welcome.ts"
import { verifyLeafSignature } from "../../src/mls/leaf_validation.ts"
import { signOwnLeaf } from "../../src/mls/own_leaf.ts"
import { fromHex as h, toHex } from "./vector_files.ts"

const crypto: CryptoProvider = defaultCryptoProvider()
const none = new Uint8Array(0)

function same(actual: Uint8Array, expected: string): void {
  assert.equal(toHex(actual), expected)
}

function key(publicKey: string): NonNullable<ReturnType<CryptoProvider["importVerificationKey"]>> {
  const imported = crypto.importVerificationKey(h(publicKey))
  assert.ok(imported)
  return imported
}

// Vectors are plain data of many shapes; each family names what it reads.
type Hex = string

interface CryptoBasics {
  derive_secret: { label: string; out: Hex; secret: Hex }
  derive_tree_secret: { generation: number; label: string; length: number; out: Hex; secret: Hex }
  expand_with_label: { context: Hex; label: string; length: number; out: Hex; secret: Hex }
  ref_hash: { label: string; out: Hex; value: Hex }
  encrypt_with_label: {
    ciphertext: Hex
    context: Hex
    kem_output: Hex
    label: string
    plaintext: Hex
    priv: Hex
    pub: Hex
  }
  sign_with_label: { content: Hex; label: string; priv: Hex; pub: Hex; signature: Hex }
}

function cryptoBasics(v: CryptoBasics): void {
  same(deriveSecret(crypto, h(v.derive_secret.secret), v.derive_secret.label), v.derive_secret.out)
  const t = v.derive_tree_secret
  const generation = encodeTls((w) => w.u32(t.generation))
  same(expandWithLabel(crypto, h(t.secret), t.label, generation, t.length), t.out)
  const e = v.expand_with_label
  same(expandWithLabel(crypto, h(e.secret), e.label, h(e.context), e.length), e.out)
  same(refHash(crypto, v.ref_hash.label, h(v.ref_hash.value)), v.ref_hash.out)
  const s = v.sign_with_label
  assert.ok(verifyWithLabel(crypto, key(s.pub), s.label, h(s.content), h(s.signature)))
  same(
    signWithLabel(crypto, crypto.importSigningKey(h(s.priv)), s.label, h(s.content)),
    s.signature,
  )
  const c = v.encrypt_with_label
  const info = encryptContext(c.label, h(c.context))
  const open = (kemOutput: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined =>
    hpkeOpen(crypto, {
      recipientKey: crypto.importDhKey(h(c.priv)),
      recipientPublicKey: h(c.pub),
      kemOutput,
      info,
      additionalData: none,
      ciphertext,
    })
  same(open(h(c.kem_output), h(c.ciphertext)) ?? none, c.plaintext)
  const sealed = hpkeSeal(crypto, {
    recipientPublicKey: h(c.pub),
    ephemeralPrivateKey: systemEntropy.bytes(32),
    info,
    additionalData: none,
    plaintext: h(c.plaintext),
  })
  assert.ok(sealed)
  same(open(sealed.kemOutput, sealed.ciphertext) ?? none, c.plaintext)
}

function deserialization(v: { vlbytes_header: Hex; length: number }): void {
  const reader = new TlsReader(h(v.vlbytes_header))
  assert.equal(reader.varint(), v.length)
  reader.finish()
  same(encodeTls((w) => w.varint(v.length)), v.vlbytes_header)
}

interface KeySchedule {
  group_id: Hex
  initial_init_secret: Hex
  epochs: Array<
    & Record<
      | "commit_secret"
      | "confirmation_key"
      | "confirmed_transcript_hash"
      | "encryption_secret"
      | "epoch_authenticator"
      | "exporter_secret"
      | "external_pub"
      | "external_secret"
      | "group_context"
      | "init_secret"
      | "joiner_secret"
      | "membership_key"
      | "psk_secret"
      | "resumption_psk"
      | "sender_data_secret"
      | "tree_hash"
      | "welcome_secret",
      Hex
    >
    & { exporter: { context: Hex; label: string; length: number; secret: Hex } }
  >
}

function keySchedule(v: KeySchedule): void {
  let init = h(v.initial_init_secret)
  v.epochs.forEach((e, i) => {
    const context = encodeGroupContext({
      version: 1,
      cipherSuite: 1,
      groupId: h(v.group_id),
      epoch: BigInt(i),
      treeHash: h(e.tree_hash),
      confirmedTranscriptHash: h(e.confirmed_transcript_hash),
      extensions: [],
    })
    same(context, e.group_context)
    const joiner = joinerSecret(crypto, init, h(e.commit_secret), context)
    same(joiner, e.joiner_secret)
    const { intermediate, welcome } = joinerKeys(crypto, joiner, h(e.psk_secret))
    same(welcome, e.welcome_secret)
    const { secrets: s, encryptionSecret } = epochFromIntermediate(crypto, intermediate, context)
    same(encryptionSecret, e.encryption_secret)
    same(s.init.bytes, e.init_secret)
    same(s.senderData.bytes, e.sender_data_secret)
    same(s.exporter.bytes, e.exporter_secret)
    same(s.external.bytes, e.external_secret)
    same(s.confirmation.bytes, e.confirmation_key)
    same(s.membership.bytes, e.membership_key)
    same(s.resumptionPsk.bytes, e.resumption_psk)
    same(s.epochAuthenticator.bytes, e.epoch_authenticator)
    same(hpkeDeriveKeyPair(crypto, s.external.bytes).publicKey, e.external_pub)
    const x = e.exporter
    same(exporterSecret(crypto, s.exporter.bytes, x.label, h(x.context), x.length), x.secret)
    init = s.init.bytes
  })
}

type MessageProtection =
  & Record<
    | "group_id"
    | "tree_hash"
    | "confirmed_transcript_hash"
    | "signature_priv"
    | "signature_pub"
    | "encryption_secret"
    | "sender_data_secret"
    | "membership_key"
    | "proposal"
    | "proposal_priv"
    | "proposal_pub"
    | "commit"
    | "commit_priv"
    | "commit_pub"
    | "application"
    | "application_priv",
    Hex
  >
  & { epoch: number }

const sender = 1

function messageProtection(v: MessageProtection): void {
  const context = encodeGroupContext({
    version: 1,
    cipherSuite: 1,
    groupId: h(v.group_id),
    epoch: BigInt(v.epoch),
    treeHash: h(v.tree_hash),
    confirmedTranscriptHash: h(v.confirmed_transcript_hash),
    extensions: [],
  })
  const signing = crypto.importSigningKey(h(v.signature_priv))
  const verifying = key(v.signature_pub)
  const readPublic = (bytes: Uint8Array, kind: "proposal" | "commit", raw: Hex): void => {
    const decoded = decodeMlsMessage(bytes)
    assert.ok(decoded.wireFormat === "publicMessage")
    const { content, auth, membershipTag: tag } = decoded.message
    assert.deepEqual(content.sender, { kind: "member", leafIndex: sender })
    const tbs = framedContentTbs(1, content.bytes, context)
    assert.deepEqual(membershipTag(crypto, h(v.membership_key), tbs, auth), tag)
    assert.ok(verifyWithLabel(crypto, verifying, "FramedContentTBS", tbs, auth.signature))
    const c = content.content
    assert.equal(c.kind, kind)
    if (c.kind === "proposal") same(encodeProposal(c.proposal), raw)
    if (c.kind === "commit") same(encodeTls((w) => writeCommit(w, c.commit)), raw)
  }
  const readPrivate = (
    bytes: Uint8Array,
    kind: "proposal" | "commit" | "application",
    raw: Hex,
  ): void => {
    const decoded = decodeMlsMessage(bytes)
    assert.ok(decoded.wireFormat === "privateMessage")
    const pm = decoded.message
    assert.equal(pm.contentKind, kind)
    const data = openSenderData(crypto, h(v.sender_data_secret), pm)
    assert.equal(data?.leafIndex, sender)
    if (data === undefined) return
    const tree = SecretTree.ofEncryptionSecret(2, h(v.encryption_secret))
    const ratchets = ratchetsOf(crypto, tree, sender)
    const ratchet = kind === "application" ? ratchets.application : ratchets.handshake
    const step = stepTo(crypto, ratchet, data.generation, mls.defaultLimits)
    const plaintext = openContent(crypto, step.messageKey, data.reuseGuard, pm)
    assert.ok(plaintext)
    const inner = decodeTls(plaintext, (r) => readPrivateContent(r, kind))
    const content = makeFramedContent(
      pm.groupId,
      pm.epoch,
      sender,
      pm.authenticatedData,
      inner.content,
    )
    const tbs = framedContentTbs(2, content.bytes, context)
    assert.ok(verifyWithLabel(crypto, verifying, "FramedContentTBS", tbs, inner.auth.signature))
    const c = inner.content
    if (c.kind === "application") same(c.data, raw)
    if (c.kind === "proposal") same(encodeProposal(c.proposal), raw)
    if (c.kind === "commit") same(encodeTls((w) => writeCommit(w, c.commit)), raw)
  }
  readPublic(h(v.proposal_pub), "proposal", v.proposal)
  readPublic(h(v.commit_pub), "commit", v.commit)
  readPrivate(h(v.proposal_priv), "proposal", v.proposal)
  readPrivate(h(v.commit_priv), "commit", v.commit)
  readPrivate(h(v.application_priv), "application", v.application)

  const contents = [
    { kind: "proposal", proposal: decodeProposal(h(v.proposal)) },
    { kind: "commit", commit: decodeTls(h(v.commit), readCommit) },
    { kind: "application", data: h(v.application) },
  ] as const
  for (const content of contents) {
    const framed = makeFramedContent(h(v.group_id), BigInt(v.epoch), sender, none, content)
    for (const wireFormat of content.kind === "application" ? [2] : [1, 2]) {
      const tbs = framedContentTbs(wireFormat, framed.bytes, context)
      const auth = {
        signature: signWithLabel(crypto, signing, "FramedContentTBS", tbs),
        confirmationTag: content.kind === "commit" ? new Uint8Array(32) : undefined,
      }
      if (wireFormat === 1 && content.kind !== "application") {
        const tag = membershipTag(crypto, h(v.membership_key), tbs, auth)
        readPublic(
          encodePublicMessage({ content: framed, auth, membershipTag: tag }),
          content.kind,
          v[content.kind],
        )
        continue
      }
      const tree = SecretTree.ofEncryptionSecret(2, h(v.encryption_secret))
      const ratchets = ratchetsOf(crypto, tree, sender)
      const ratchet = content.kind === "application" ? ratchets.application : ratchets.handshake
      const message = sealPrivateMessage(crypto, {
        head: {
          groupId: h(v.group_id),
          epoch: BigInt(v.epoch),
          contentKind: content.kind,
          authenticatedData: none,
        },
        content,
        auth,
        padding: 64,
        leafIndex: sender,
        key: stepTo(crypto, ratchet, 3, mls.defaultLimits).messageKey,
        reuseGuard: systemEntropy.bytes(4),
        senderDataSecret: h(v.sender_data_secret),
      })
      readPrivate(message, content.kind, v[content.kind])
    }
  }
}

type Messages = Record<
  | "mls_welcome"
  | "mls_group_info"
  | "mls_key_package"
  | "ratchet_tree"
  | "group_secrets"
  | "add_proposal"
  | "update_proposal"
  | "remove_proposal"
  | "pre_shared_key_proposal"
  | "re_init_proposal"
  | "external_init_proposal"
  | "group_context_extensions_proposal"
  | "commit"
  | "public_message_application"
  | "public_message_proposal"
  | "public_message_commit"
  | "private_message",
  Hex
>

function messages(v: Messages): void {
  for (
    const name of [
      "mls_welcome",
      "mls_group_info",
      "mls_key_package",
      "public_message_application",
      "public_message_proposal",
      "public_message_commit",
      "private_message",
    ] as const
  ) same(encodeMlsMessage(decodeMlsMessage(h(v[name]))), v[name])
  const bodies = [
    [1, "add_proposal"],
    [2, "update_proposal"],
    [3, "remove_proposal"],
    [4, "pre_shared_key_proposal"],
    [5, "re_init_proposal"],
    [6, "external_init_proposal"],
    [7, "group_context_extensions_proposal"],
  ] as const
  for (const [type, name] of bodies) {
    const bytes = encodeTls((w) => w.u16(type).opaque(h(v[name])))
    same(encodeProposal(decodeProposal(bytes)), toHex(bytes))
  }
  same(encodeRatchetTree(decodeTls(h(v.ratchet_tree), readRatchetTree)), v.ratchet_tree)
  same(encodeGroupSecrets(decodeTls(h(v.group_secrets), readGroupSecrets)), v.group_secrets)
  same(encodeTls((w) => writeCommit(w, decodeTls(h(v.commit), readCommit))), v.commit)
}

interface PassiveClient {
  external_psks: Array<{ psk_id: Hex; psk: Hex }>
  key_package: Hex
  signature_priv: Hex
  encryption_priv: Hex
  init_priv: Hex
  welcome: Hex
  ratchet_tree: Hex | null
  initial_epoch_authenticator: Hex
  epochs: Array<{ proposals: Array<Hex>; commit: Hex; epoch_authenticator: Hex }>
}

function passiveClient(v: PassiveClient): void {
  const resumption = new Map<string, Uint8Array>()
  const external = new Map(v.external_psks.map((p) => [p.psk_id, h(p.psk)]))
  const policy: mls.MlsPolicy = {
    psk: (id) =>
      id.kind === "external"
        ? external.get(toHex(id.id))
        : resumption.get(`${toHex(id.groupId)}/${id.epoch}`),
  }
  const joined = mls.join({
    crypto,
    welcome: h(v.welcome),
    keyPackages: [
      mls.importKeyPackage({
        crypto,
        keyPackage: h(v.key_package).subarray(4),
        initKey: h(v.init_priv),
        leafKey: h(v.encryption_priv),
        signatureSeed: h(v.signature_priv),
      }),
    ],
    ...(v.ratchet_tree === null ? {} : { ratchetTree: h(v.ratchet_tree) }),
    policy,
  })
  let group = joined.group
  same(group.epochAuthenticator, v.initial_epoch_authenticator)
  const remember = (): void => {
    resumption.set(`${toHex(group.groupId)}/${group.epoch}`, group.resumptionPsk)
  }
  remember()
  for (const epoch of v.epochs) {
    for (const proposal of epoch.proposals) {
      const result = mls.processMessage(group, h(proposal), policy)
      assert.ok(result.kind === "proposal")
      group = result.group
    }
    const result = mls.processMessage(group, h(epoch.commit), policy)
    assert.ok(result.kind === "commit" && result.next !== undefined)
    const before = group
    group = result.next
    mls.retire(before)
    same(group.epochAuthenticator, epoch.epoch_authenticator)
    remember()
    const parts = mls.encodeState(group)
    const restored = mls.decodeState({ crypto, parts })
    assert.deepEqual(mls.encodeState(restored), parts)
  }
}

function pskSecretVector(
  v: { psks: Array<{ psk_id: Hex; psk: Hex; psk_nonce: Hex }>; psk_secret: Hex },
): void {
  const ids = v.psks.map((p): PreSharedKeyId => ({
    kind: "external",
    id: h(p.psk_id),
    nonce: h(p.psk_nonce),
  }))
  const lookup = (id: PreSharedKeyId): Uint8Array | undefined =>
    h(v.psks[ids.indexOf(id)]?.psk ?? "")
  same(pskSecret(crypto, ids, lookup), v.psk_secret)
}

interface SecretTreeVector {
  encryption_secret: Hex
  sender_data: { sender_data_secret: Hex; ciphertext: Hex; key: Hex; nonce: Hex }
  leaves: Array<
    Array<
      & Record<
        "application_key" | "application_nonce" | "handshake_key" | "handshake_nonce",
        Hex
      >
      & { generation: number }
    >
  >
}

function secretTree(v: SecretTreeVector): void {
  const d = v.sender_data
  const sd = senderDataKey(crypto, h(d.sender_data_secret), h(d.ciphertext))
  same(sd.key, d.key)
  same(sd.nonce, d.nonce)
  let width = 1
  while (width < v.leaves.length) width *= 2
  const tree = SecretTree.ofEncryptionSecret(width, h(v.encryption_secret))
  v.leaves.forEach((generations, leaf) => {
    const ratchets = ratchetsOf(crypto, tree, leaf)
    for (const g of generations) {
      const a = stepTo(crypto, ratchets.application, g.generation, mls.defaultLimits).messageKey
      same(a.key, g.application_key)
      same(a.nonce, g.application_nonce)
      const b = stepTo(crypto, ratchets.handshake, g.generation, mls.defaultLimits).messageKey
      same(b.key, g.handshake_key)
      same(b.nonce, g.handshake_nonce)
    }
  })
}

type TranscriptHashes = Record<
  | "confirmation_key"
  | "authenticated_content"
  | "interim_transcript_hash_before"
  | "confirmed_transcript_hash_after"
  | "interim_transcript_hash_after",
  Hex
>

function transcriptHashes(v: TranscriptHashes): void {
  const { wireFormat, content, auth } = decodeTls(h(v.authenticated_content), (r) => {
    const wireFormat = r.u16()
    const content = readFramedContent(r)
    return { wireFormat, content, auth: readFramedAuth(r, content.content.kind) }
  })
  same(authenticatedContentBytes(wireFormat, content.bytes, auth), v.authenticated_content)
  const confirmed = confirmedTranscriptHash(
    crypto,
    h(v.interim_transcript_hash_before),
    wireFormat,
    content.bytes,
    auth.signature,
  )
  same(confirmed, v.confirmed_transcript_hash_after)
  const tag = auth.confirmationTag ?? none
  same(confirmationTag(crypto, h(v.confirmation_key), confirmed), toHex(tag))
  same(interimTranscriptHash(crypto, confirmed, tag), v.interim_transcript_hash_after)
}

interface TreeMath {
  n_leaves: number
  n_nodes: number
  root: number
  left: Array<number | null>
  right: Array<number | null>
  parent: Array<number | null>
  sibling: Array<number | null>
}

function treeMath(v: TreeMath): void {
  const width = v.n_leaves
  assert.equal(nodeCount(width), v.n_nodes)
  assert.equal(rootOf(width), v.root)
  for (let node = 0; node < v.n_nodes; node++) {
    if (v.left[node] !== null) assert.equal(leftOf(node), v.left[node])
    if (v.right[node] !== null) assert.equal(rightOf(node), v.right[node])
    if (v.parent[node] === null) continue
    const parent = parentOf(node, width)
    assert.equal(parent, v.parent[node])
    assert.equal(node < parent ? rightOf(parent) : leftOf(parent), v.sibling[node])
  }
}

interface TreeOperation {
  proposal: Hex
  proposal_sender: number
  tree_before: Hex
  tree_after: Hex
  tree_hash_before: Hex
  tree_hash_after: Hex
}

function treeOperations(v: TreeOperation): void {
  const before = decodeTls(h(v.tree_before), readRatchetTree)
  same(treeHashOf(crypto, before), v.tree_hash_before)
  const draft = new TreeDraft(before)
  const proposal = decodeProposal(h(v.proposal))
  if (proposal.type === "add") draft.addLeaf(proposal.keyPackage.leafNode)
  else if (proposal.type === "update") draft.updateLeaf(v.proposal_sender, proposal.leafNode)
  else if (proposal.type === "remove") {
    draft.removeLeaf(proposal.leafIndex)
    draft.truncate()
  } else assert.fail("unexpected proposal")
  same(encodeRatchetTree(draft), v.tree_after)
  same(treeHashOf(crypto, draft), v.tree_hash_after)
  same(encodeRatchetTree(before), v.tree_before)
}

interface TreeValidation {
  tree: Hex
  group_id: Hex
  tree_hashes: Array<Hex>
  resolutions: Array<Array<number>>
}

function treeValidation(v: TreeValidation): void {
  const tree = decodeTls(h(v.tree), readRatchetTree)
  v.tree_hashes.forEach((hash, node) => same(nodeHash(crypto, tree, node), hash))
  v.resolutions.forEach((nodes, node) => assert.deepEqual(resolutionOf(tree, node), nodes))
  checkParentHashes(crypto, tree)
  tree.leaves.forEach((leaf, i) => {
    if (leaf !== undefined) verifyLeafSignature(crypto, leaf, h(v.group_id), i)
  })
}

interface TreeKem {
  confirmed_transcript_hash: Hex
  epoch: number
  group_id: Hex
  leaves_private: Array<{
    encryption_priv: Hex
    index: number
    path_secrets: Array<{ node: number; path_secret: Hex }>
    signature_priv: Hex
  }>
  ratchet_tree: Hex
  update_paths: Array<{
    commit_secret: Hex
    path_secrets: Array<Hex | null>
    sender: number
    tree_hash_after: Hex
    update_path: Hex
  }>
}

function treeKem(v: TreeKem): void {
  const tree = decodeTls(h(v.ratchet_tree), readRatchetTree)
  const keysOf = (leaf: TreeKem["leaves_private"][number]): OwnKeys => {
    const path = new Map<number, PrivateKey>()
    for (const { node, path_secret } of leaf.path_secrets) {
      const learned = learn(crypto, h(path_secret), [node], [publicKeyOf(tree, node)])
      for (const [n, k] of learned.keys) path.set(n, k)
    }
    same(
      crypto.x25519PublicKey(h(leaf.encryption_priv)),
      toHex(publicKeyOf(tree, leaf.index * 2) ?? none),
    )
    return new OwnKeys(
      PrivateKey.copyOf(h(leaf.encryption_priv)),
      path,
      PrivateKey.copyOf(h(leaf.signature_priv)),
    )
  }
  const contextAfter = (after: RatchetTree): GroupContext => ({
    version: 1,
    cipherSuite: 1,
    groupId: h(v.group_id),
    epoch: BigInt(v.epoch),
    treeHash: treeHashOf(crypto, after),
    confirmedTranscriptHash: h(v.confirmed_transcript_hash),
    extensions: [],
  })
  for (const u of v.update_paths) {
    const path = decodeTls(h(u.update_path), readUpdatePath)
    same(encodeTls((w) => writeUpdatePath(w, path)), u.update_path)
    const draft = new TreeDraft(tree)
    const filtered = filteredDirectPath(draft, u.sender)
    const parentHash = placePath(
      crypto,
      draft,
      u.sender,
      filtered,
      path.nodes.map((n) => n.publicKey),
    )
    assert.ok(path.leafNode.source.kind === "commit")
    assert.deepEqual(parentHash, path.leafNode.source.parentHash)
    verifyLeafSignature(crypto, path.leafNode, h(v.group_id), u.sender)
    draft.setLeaf(u.sender, path.leafNode)
    same(treeHashOf(crypto, draft), u.tree_hash_after)
    const context = encodeGroupContext(contextAfter(draft))
    for (const leaf of v.leaves_private) {
      if (leaf.index === u.sender) continue
      const expected = u.path_secrets[leaf.index]
      assert.ok(typeof expected === "string")
      const learned = openPath(
        crypto,
        draft,
        filtered,
        path.nodes,
        new Set(),
        leaf.index,
        keysOf(leaf),
        context,
      )
      same(learned.commitSecret, u.commit_secret)
    }
    ownPath(v, tree, u.sender, keysOf, contextAfter)
  }
}

/** Makes a path for the same sender and lets everybody else read it. */
function ownPath(
  v: TreeKem,
  tree: RatchetTree,
  senderLeaf: number,
  keysOf: (leaf: TreeKem["leaves_private"][number]) => OwnKeys,
  contextAfter: (after: RatchetTree) => GroupContext,
): void {
  const own = v.leaves_private.find((l) => l.index === senderLeaf)
  const before = tree.leaves[senderLeaf]
  assert.ok(own && before)
  const draft = new TreeDraft(tree)
  const filtered = filteredDirectPath(draft, senderLeaf)
  const fresh = freshPath(crypto, systemEntropy, filtered.length)
  const parentHash = placePath(crypto, draft, senderLeaf, filtered, fresh.publicKeys)
  const leaf = signOwnLeaf(
    crypto,
    before,
    undefined,
    { leafKey: PrivateKey.take(systemEntropy.bytes(32)), signatureSeed: undefined },
    crypto.importSigningKey(h(own.signature_priv)),
    { kind: "commit", parentHash },
    h(v.group_id),
    senderLeaf,
  )
  draft.setLeaf(senderLeaf, leaf)
  const context = encodeGroupContext(contextAfter(draft))
  const nodes = encryptPath(crypto, systemEntropy, draft, filtered, fresh, new Set(), context)
  checkParentHashes(crypto, draft)
  for (const other of v.leaves_private) {
    if (other.index === senderLeaf) continue
    const learned = openPath(
      crypto,
      draft,
      filtered,
      nodes,
      new Set(),
      other.index,
      keysOf(other),
      context,
    )
    assert.deepEqual(learned.commitSecret, fresh.commitSecret)
  }
}

function welcome(v: { init_priv: Hex; key_package: Hex; signer_pub: Hex; welcome: Hex }): void {
  const decoded = decodeMlsMessage(h(v.welcome))
  assert.ok(decoded.wireFormat === "welcome")
  const kp = mls.decodeKeyPackage(h(v.key_package).subarray(4))
  const ref = toHex(mls.keyPackageRef(crypto, kp))
  const entry = decoded.welcome.secrets.find((s) => toHex(s.newMember) === ref)
  assert.ok(entry)
  const plaintext = hpkeOpen(crypto, {
    recipientKey: crypto.importDhKey(h(v.init_priv)),
    recipientPublicKey: kp.initKey,
    kemOutput: entry.secrets.kemOutput,
    info: encryptContext("Welcome", decoded.welcome.encryptedGroupInfo),
    additionalData: none,
    ciphertext: entry.secrets.ciphertext,
  })
  assert.ok(plaintext)
  const secrets = decodeTls(plaintext, readGroupSecrets)
  const keys = joinerKeys(crypto, secrets.joinerSecret, new Uint8Array(32))
  const { key: k, nonce } = welcomeKey(crypto, keys.welcome)
  const bytes = crypto.aes128GcmOpen(k, nonce, decoded.welcome.encryptedGroupInfo, none)
  assert.ok(bytes)
  const info = decodeTls(bytes, readGroupInfo)
  assert.deepEqual(
    groupInfoTbs(info.contextBytes, info.extensions, info.confirmationTag, info.signer),
    info.tbs,
  )
  assert.ok(verifyWithLabel(crypto, key(v.signer_pub), "GroupInfoTBS", info.tbs, info.signature))
  const epoch = epochFromIntermediate(crypto, keys.intermediate, info.contextBytes)
  assert.deepEqual(
    confirmationTag(
      crypto,
      epoch.secrets.confirmation.bytes,
      info.context.confirmedTranscriptHash,
    ),
    info.confirmationTag,
  )
}

function erase<T>(run: (vector: T) => void): (vector: unknown) => void {
  return (vector) => run(vector as T)
}

/** Every family: its file name, how many entries this suite runs, and how one is run. */
export const families: ReadonlyArray<{
  readonly name: string
  readonly count: number
  readonly run: (vector: unknown) => void
}> = [
  { name: "crypto-basics", count: 1, run: erase(cryptoBasics) },
  { name: "deserialization", count: 14, run: erase(deserialization) },
  { name: "key-schedule", count: 1, run: erase(keySchedule) },
  { name: "message-protection", count: 1, run: erase(messageProtection) },
  { name: "messages", count: 300, run: erase(messages) },
  { name: "passive-client-handling-commit", count: 13, run: erase(passiveClient) },
  { name: "passive-client-random", count: 1, run: erase(passiveClient) },
  { name: "passive-client-welcome", count: 8, run: erase(passiveClient) },
  { name: "psk_secret", count: 11, run: erase(pskSecretVector) },
  { name: "secret-tree", count: 3, run: erase(secretTree) },
  { name: "transcript-hashes", count: 1, run: erase(transcriptHashes) },
  { name: "tree-math", count: 10, run: erase(treeMath) },
  { name: "tree-operations", count: 5, run: erase(treeOperations) },
  { name: "tree-validation", count: 14, run: erase(treeValidation) },
  { name: "treekem", count: 11, run: erase(treeKem) },
  { name: "welcome", count: 1, run: erase(welcome) },
]

/** Entries of a family's file that ciphersuite 1 runs. */
export function suiteOne(entries: ReadonlyArray<unknown>): ReadonlyArray<unknown> {
  return entries.filter((e) => {
    const suite = (e as { cipher_suite?: number }).cipher_suite
    return suite === undefined || suite === 1
  })
}
