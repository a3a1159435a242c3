/**
 * What a recorded conversation says about its own bytes: states, messages and members that contradict
 * each other fail even where no observer looks.
 *
 * @module
 */
import { decodeHex, decodeTls, encodeHex, encodeUtf8 } from "@mdk/core/codec"
import { defaultCryptoProvider } from "@mdk/core/crypto"
import {
  conversationKey,
  openNip44,
  parsePublicKey,
  parseSecretKey,
  verifyEvent,
} from "@mdk/core/identity"
import { messageDigest, peek, requiredCapabilities } from "@mdk/core/mls"
import { openGroupEvent, readGroupEvent, readWelcome } from "@mdk/core/nostr"
import { decodeAvatarUrl, decodeEncryptedMedia } from "../../packages/core/src/components/mod.ts"
import { viewOf } from "../../packages/core/src/group/mod.ts"
import { type GroupContext, readGroupContext } from "../../packages/core/src/mls/group_context.ts"
import { readRatchetTree } from "../../packages/core/src/mls/ratchet_tree.ts"
import { treeHashOf } from "../../packages/core/src/mls/tree_hash.ts"
import { canonical } from "./record_shape.ts"
import type {
  RecordedAccount,
  RecordedPublish,
  RecordedState,
  Transcript,
} from "./transcript_schema.ts"

const crypto = defaultCryptoProvider()

/** What is named differs. */
type Checks = ReadonlyArray<readonly [what: string, actual: unknown, recorded: unknown]>

const firstOf = (checks: Checks): string | undefined =>
  checks.find(([, actual, recorded]) => canonical(actual) !== canonical(recorded))?.[0]

/** Runs checks; what throws is a difference too, and its words name no value. */
function judged(what: string, check: () => string | undefined): string | undefined {
  try {
    const difference = check()
    return difference === undefined ? undefined : `${what}: ${difference}`
  } catch (error) {
    return `${what}: ${error instanceof Error ? error.name : "?"}`
  }
}

const u16 = (value: number): string => `0x${value.toString(16).padStart(4, "0")}`

/** What a state says against its GroupContext and its ratchet tree; nothing when all fits. */
export function stateRecordDifference(
  name: string,
  state: RecordedState,
  transcript: Transcript,
): string | undefined {
  return judged(`state ${name}`, () => {
    const bytes = decodeHex(state.group_context)
    const context = decodeTls(bytes, readGroupContext)
    const tree = decodeTls(decodeHex(state.ratchet_tree), readRatchetTree)
    const required = requiredCapabilities(context.extensions)
    const members = tree.leaves.flatMap((leaf, leaf_index) =>
      leaf === undefined ? [] : [{
        leaf_index,
        account: encodeHex(leaf.credential.content),
        signature_key: encodeHex(leaf.signatureKey),
        encryption_key: encodeHex(leaf.encryptionKey),
      }]
    )
    return firstOf([
      ["group id", encodeHex(context.groupId), transcript.mls_group_id],
      ["group id", state.mls_group_id, transcript.mls_group_id],
      ["epoch", context.epoch, state.epoch],
      ["tree hash", encodeHex(context.treeHash), state.tree_hash],
      ["ratchet tree", encodeHex(treeHashOf(crypto, tree)), state.tree_hash],
      ["hash of the GroupContext", encodeHex(crypto.sha256(bytes)), state.group_context_sha256],
      [
        "order of extensions",
        context.extensions.map((e) => u16(e.type)),
        state.group_context_extension_order,
      ],
      ["required extensions", required.extensions.map(u16), state.required_capabilities.extensions],
      ["required proposals", required.proposals.map(u16), state.required_capabilities.proposals],
      [
        "required credentials",
        required.credentials.map(u16),
        state.required_capabilities.credentials,
      ],
      ["members", members, state.members.map(memberFields)],
    ]) ?? decodedDifference(context, state)
  })
}

const memberFields = (
  { leaf_index, account, signature_key, encryption_key }: RecordedState["members"][number],
) => ({ leaf_index, account, signature_key, encryption_key })

function decodedDifference(context: GroupContext, { components, decoded }: RecordedState) {
  const view = viewOf(context)
  const component = (id: number): Uint8Array => view.components.get(id) ?? new Uint8Array(0)
  const words: Record<string, () => unknown> = {
    name: () => view.name,
    description: () => view.description,
    admins: () => view.admins,
    lifecycle: () => view.lifecycle,
    nostr_group_id: () => view.routing.nostrGroupId,
    relays: () => view.routing.relays,
    required_components: () => view.required.map(u16),
    retention_seconds: () => view.retention,
    encrypted_media: () => {
      const media = decodeEncryptedMedia(component(0x800b))
      return {
        allowed_locator_kinds: media.allowedLocatorKinds,
        default_blob_endpoints: media.defaultBlobEndpoints
          .map((e) => ({ locator_kind: e.locatorKind, base_url: e.baseUrl })),
        media_format: "encrypted-media-v2",
      }
    },
    avatar_url: () => {
      const avatar = decodeAvatarUrl(component(0x8007))
      const words = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)
      return {
        url: avatar?.url ?? "",
        dim: words(avatar?.dimensions),
        thumbhash: words(avatar?.thumbhash),
      }
    },
  }
  const bytes = Object.fromEntries(
    [...view.components].map(([id, data]) => [u16(id), encodeHex(data)] as const),
  )
  return firstOf([
    ["components", bytes, components],
    ...Object.entries(decoded).map(([name, recorded]) =>
      [`decoded ${name}`, words[name]?.() ?? recorded, recorded] as const
    ),
  ])
}

/** What a published message says against its bytes and the states; nothing when all fits. */
export function publishDifference(
  publish: RecordedPublish,
  transcript: Transcript,
): string | undefined {
  return judged(`published ${publish.mls_kind}`, () => {
    const { event, event_id, kind } = publish
    verifyEvent(event)
    const message = decodeHex(publish.mls_message)
    const sender = transcript.accounts.find(({ name }) => name === publish.sender)
    if (sender === undefined) return "sender is nobody"
    return firstOf([
      ["event id", event.id, event_id],
      ["kind", event.kind, kind],
      ["kind of message", kindOf(message), publish.mls_kind],
      ["digest", encodeHex(messageDigest(crypto, message)), publish.mls_message_sha256],
    ]) ?? (kind === 1059
      ? welcomeDifference(publish, sender, transcript)
      : groupEventDifference(publish, sender, message, transcript))
  })
}

function kindOf(message: Uint8Array): string {
  const head = peek(message)
  switch (head.wireFormat) {
    case "publicMessage":
      return `public ${head.content}`
    case "privateMessage":
      return `private ${head.content}`
    default:
      return head.wireFormat
  }
}

function groupEventDifference(
  publish: RecordedPublish,
  sender: RecordedAccount,
  message: Uint8Array,
  { states }: Transcript,
): string | undefined {
  const head = peek(message)
  if (!("epoch" in head)) return "kind of message"
  const event = readGroupEvent(publish.event)
  const key = publish.exporter_group_event
  const opened = key === undefined ? undefined : openGroupEvent(event, decodeHex(key))
  const source = sourceState(publish, states)
  const leaf = head.wireFormat === "publicMessage" ? head.sender : undefined
  const member = source?.members.find(({ leaf_index }) => leaf_index === leaf)
  const plaintext = publish.plaintext
  const app = plaintext === undefined ? undefined : JSON.parse(plaintext)
  return firstOf([
    ["content under the exported key", opened && encodeHex(opened), key && publish.mls_message],
    ["source epoch", head.epoch, publish.source_epoch ?? head.epoch],
    ["source epoch of its state", source?.epoch, source && publish.source_epoch],
    ["exporter of its state", source?.exporter_group_event, source && key],
    [
      "authenticator of its state",
      source?.epoch_authenticator,
      source && publish.source_epoch_authenticator,
    ],
    ["address", event.nostrGroupId, source?.decoded["nostr_group_id"] ?? event.nostrGroupId],
    [
      "sender's leaf",
      source && leaf !== undefined ? member?.account : undefined,
      source && leaf !== undefined ? sender.nostr_public_key : undefined,
    ],
    ["application event", publish.app_event && app, publish.app_event],
    ["author", app?.pubkey, app && sender.nostr_public_key],
  ])
}

/** The state that a message belongs to, if it is recorded: by either of the secrets that name it. */
export function sourceState(
  publish: RecordedPublish,
  states: Readonly<Record<string, RecordedState>>,
): RecordedState | undefined {
  return Object.values(states).find((state) =>
    state.epoch_authenticator === publish.source_epoch_authenticator ||
    state.exporter_group_event === publish.exporter_group_event
  )
}

function welcomeDifference(
  publish: RecordedPublish,
  sender: RecordedAccount,
  { accounts }: Transcript,
): string | undefined {
  const recipient = accounts.find(({ name }) => name === publish.recipient)
  if (recipient === undefined) return "recipient is nobody"
  const secret = parseSecretKey(recipient.nostr_secret_key)
  const open = (pubkey: string, content: string) =>
    JSON.parse(openNip44(conversationKey(secret, parsePublicKey(pubkey)), content) ?? "null")
  const seal = verifyEvent(open(publish.event.pubkey, publish.event.content))
  const rumor = open(seal.pubkey, seal.content)
  return firstOf([
    [
      "recipient",
      publish.event.tags.find(([name]) => name === "p")?.[1],
      recipient.nostr_public_key,
    ],
    ["seal", seal, publish.seal ?? seal],
    ["rumor", rumor, publish.rumor ?? rumor],
    ["author", [seal.pubkey, rumor.pubkey], [sender.nostr_public_key, sender.nostr_public_key]],
    ["Welcome", encodeHex(readWelcome(rumor).welcome), publish.mls_message],
  ])
}

/** The commitment that conformance runs exchange instead of a secret. */
export function conformanceCommitment(secret: Uint8Array): string {
  const label = encodeUtf8("marmot-convergence-conformance-v1\0")
  return encodeHex(crypto.sha256(new Uint8Array([...label, ...secret])))
}
