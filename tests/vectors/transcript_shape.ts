/**
 * Reading a recorded conversation: every part that is compared must be there and be what it should be.
 *
 * @module
 */
import {
  count,
  flag,
  hexOf,
  list,
  mapOf,
  nullable,
  oneOf,
  optional,
  parseJson,
  record,
  text,
} from "./record_shape.ts"
import { type Transcript, TRANSCRIPT_SCHEMA } from "./transcript_schema.ts"

const hex = hexOf()
const key = hexOf(32)
const pair = record({ public: key, private: key })
const rumor = {
  id: key,
  pubkey: key,
  created_at: count,
  kind: count,
  tags: list(list(text)),
  content: text,
}
const event = record({ ...rumor, sig: hexOf(64) })

const account = record({
  name: text,
  role: oneOf("active", "observer"),
  nostr_secret_key: key,
  nostr_public_key: key,
  mls_signature_key: pair,
  account_identity_proof_event: event,
  key_packages: list(record({
    event,
    mls_message: hex,
    key_package_ref: key,
    init_key: pair,
    leaf_encryption_key: pair,
    account_identity_proof: hexOf(104),
    not_before: optional(count),
    not_after: optional(count),
    slot_id: optional(text),
    last_resort: flag,
  })),
})

const publish = record({
  event_id: key,
  event,
  kind: oneOf(445, 1059),
  sender: text,
  mls_kind: oneOf(
    "welcome",
    "public proposal",
    "public commit",
    "private proposal",
    "private commit",
    "private application",
  ),
  mls_message: hex,
  mls_message_sha256: key,
  plaintext: optional(text),
  source_epoch: optional(count),
  source_epoch_authenticator: optional(key),
  exporter_group_event: optional(key),
  recipient: optional(text),
  seal: optional(event),
  rumor: optional(record(rumor)),
})

const action = record({
  op: oneOf("found", "deliver", "tick", "confirm_own_commit", "note"),
  to: optional(text),
  who: optional(text),
  event: optional(key),
})

const told = record({
  type: oneOf(
    "group_created",
    "group_joined",
    "message_received",
    "epoch_changed",
    "state_changed",
    "message_invalidated",
    "commit_rolled_back",
    "state_invalidated",
  ),
  change: optional(text),
  actor: optional(nullable(key)),
  epoch: optional(count),
  from: optional(count),
  to: optional(count),
  message_id: optional(key),
  nostr_event_id: optional(key),
  origin_commit: optional(nullable(key)),
  sender: optional(key),
  welcomer: optional(key),
  retention: optional(record({ seconds: count, expires_at: nullable(count) })),
})

const member = record({
  state: nullable(text),
  epoch: optional(count),
  own_leaf_index: optional(count),
  active: optional(flag),
  lifecycle: oneOf("Stable", "Disbanded"),
  removed: flag,
  events: list(told),
  evicted_view: optional(record({ epoch: count, group_context_sha256: key, tree_hash: key })),
})

const state = record({
  epoch: count,
  mls_group_id: hex,
  group_context: hex,
  group_context_sha256: key,
  group_context_extension_order: list(text),
  tree_hash: key,
  epoch_authenticator: key,
  ratchet_tree: hex,
  exporter_group_event: key,
  exporter_encrypted_media: key,
  exporter_agent_text_stream: key,
  conformance_commitment: key,
  components: mapOf(hex),
  required_capabilities: record({
    extensions: list(text),
    proposals: list(text),
    credentials: list(text),
  }),
  members: list(record({
    leaf_index: count,
    account: key,
    signature_key: key,
    encryption_key: key,
  })),
  decoded: record({}),
})

const transcript = record({
  title: text,
  generated_at: count,
  mls_group_id: hex,
  accounts: list(account),
  observers: list(text),
  steps: list(record({
    index: count,
    name: text,
    all_live_members_agree: flag,
    publishes: list(publish),
    actions: list(action),
    members: mapOf(member),
  })),
  states: mapOf(state),
})

/** Reads a file; throws when it is not of the one schema. */
export function parseTranscript(content: string): Transcript {
  const value = parseJson(content) as Transcript
  if (value?.schema !== TRANSCRIPT_SCHEMA) {
    throw new Error(`unknown schema: schema is not ${TRANSCRIPT_SCHEMA}`)
  }
  transcript(value, "transcript")
  if (value.steps.length === 0) throw new Error("a transcript without steps")
  const roles = new Map(value.accounts.map(({ name, role }) => [name, role]))
  if (roles.size !== value.accounts.length) throw new Error("two accounts with one name")
  const observers = [...roles].filter(([, role]) => role === "observer").map(([name]) => name)
  if (observers.length === 0) throw new Error("a transcript without observers")
  if (observers.sort().join() !== [...value.observers].sort().join()) {
    throw new Error("observers that are not the accounts with that role")
  }
  return value
}
