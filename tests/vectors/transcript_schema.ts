/**
 * Recorded conversations of a real MDK, schema `burrow.mdk-transcript.v1`: the parts that are compared.
 *
 * @module
 */
import type { NostrEvent, Rumor } from "@mdk/core/services"

/** The one schema that is understood. */
export const TRANSCRIPT_SCHEMA = "burrow.mdk-transcript.v1"

/** A key pair, hex. */
export interface KeyPairHex {
  readonly public: string
  readonly private: string
}

/** A KeyPackage with its private keys. */
export interface RecordedKeyPackage {
  readonly event: NostrEvent
  readonly mls_message: string
  readonly key_package_ref: string
  readonly init_key: KeyPairHex
  readonly leaf_encryption_key: KeyPairHex
  readonly account_identity_proof: string
  readonly last_resort: boolean
}

/** Somebody who takes part. */
export interface RecordedAccount {
  readonly name: string
  readonly role: string
  readonly nostr_secret_key: string
  readonly nostr_public_key: string
  readonly mls_signature_key: KeyPairHex
  readonly account_identity_proof_event: NostrEvent
  readonly key_packages: ReadonlyArray<RecordedKeyPackage>
}

/** Something that was put on relays. */
export interface RecordedPublish {
  readonly event_id: string
  readonly event: NostrEvent
  readonly kind: number
  readonly sender: string
  readonly mls_kind: string
  readonly mls_message: string
  readonly mls_message_sha256: string
  /** The MLS plaintext of an application message. */
  readonly plaintext?: string
  readonly source_epoch?: number
  readonly source_epoch_authenticator?: string
  readonly exporter_group_event?: string
  readonly recipient?: string
  readonly rumor?: Rumor
}

/** Something that happened to somebody. */
export interface RecordedAction {
  readonly op: string
  readonly to?: string
  readonly who?: string
  readonly event?: string
}

/** What the engine of a member told. */
export interface RecordedEvent {
  readonly type: string
  readonly change?: string
  readonly actor?: string | null
  readonly data?: Readonly<Record<string, unknown>>
  readonly app_event?: unknown
  readonly epoch?: number
  readonly message_id?: string
  readonly sender?: string
  readonly welcomer?: string
  readonly retention?: { readonly seconds: number; readonly expires_at: number | null }
}

/** A member after a step. */
export interface RecordedMember {
  readonly state: string | null
  readonly epoch?: number
  readonly own_leaf_index: number
  readonly lifecycle: string
  readonly removed: boolean
  readonly events: ReadonlyArray<RecordedEvent>
  readonly evicted_view?: {
    readonly epoch: number
    readonly group_context_sha256: string
    readonly tree_hash: string
  }
}

/** A state of the group. */
export interface RecordedState {
  readonly epoch: number
  readonly group_context: string
  readonly tree_hash: string
  readonly epoch_authenticator: string
  readonly ratchet_tree: string
  readonly exporter_group_event: string
  readonly exporter_encrypted_media: string
  readonly exporter_agent_text_stream: string
  readonly conformance_commitment: string
  readonly components: Readonly<Record<string, string>>
}

/** One step. */
export interface RecordedStep {
  readonly name: string
  readonly publishes: ReadonlyArray<RecordedPublish>
  readonly actions: ReadonlyArray<RecordedAction>
  readonly members: Readonly<Record<string, RecordedMember>>
}

/** A conversation. */
export interface Transcript {
  readonly schema: string
  readonly title: string
  readonly generated_at: number
  readonly accounts: ReadonlyArray<RecordedAccount>
  readonly observers: ReadonlyArray<string>
  readonly steps: ReadonlyArray<RecordedStep>
  readonly states: Readonly<Record<string, RecordedState>>
}

/** Reads a file; throws when it is not of the one schema. */
export function parseTranscript(text: string): Transcript {
  const value = JSON.parse(text) as Transcript
  if (value.schema !== TRANSCRIPT_SCHEMA) throw new Error("unknown schema")
  const complete = [value.accounts, value.steps, value.observers].every(Array.isArray)
  if (!complete) throw new Error("incomplete transcript")
  return value
}
