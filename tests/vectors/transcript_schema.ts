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
  readonly not_before?: number
  readonly not_after?: number
  readonly slot_id?: string
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

/** What a published message is. */
export type MlsKind =
  | "welcome"
  | "public proposal"
  | "public commit"
  | "private proposal"
  | "private commit"
  | "private application"

/** Something that was put on relays. */
export interface RecordedPublish {
  readonly event_id: string
  readonly event: NostrEvent
  readonly kind: 445 | 1059
  readonly sender: string
  readonly mls_kind: MlsKind
  readonly mls_message: string
  readonly mls_message_sha256: string
  /** The MLS plaintext of an application message. */
  readonly plaintext?: string
  readonly source_epoch?: number
  readonly source_epoch_authenticator?: string
  readonly exporter_group_event?: string
  readonly app_event?: unknown
  readonly recipient?: string
  readonly seal?: NostrEvent
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
  readonly from?: number
  readonly to?: number
  readonly message_id?: string
  readonly nostr_event_id?: string
  readonly origin_commit?: string | null
  readonly sender?: string
  readonly welcomer?: string
  readonly retention?: { readonly seconds: number; readonly expires_at: number | null }
}

/** A member after a step. */
export interface RecordedMember {
  readonly state: string | null
  readonly epoch?: number
  /** Absent where the member has disbanded the group. */
  readonly own_leaf_index?: number
  readonly active?: boolean
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
  readonly mls_group_id: string
  readonly group_context: string
  readonly group_context_sha256: string
  readonly group_context_extension_order: ReadonlyArray<string>
  readonly tree_hash: string
  readonly epoch_authenticator: string
  readonly ratchet_tree: string
  readonly exporter_group_event: string
  readonly exporter_encrypted_media: string
  readonly exporter_agent_text_stream: string
  readonly conformance_commitment: string
  readonly components: Readonly<Record<string, string>>
  readonly required_capabilities: {
    readonly extensions: ReadonlyArray<string>
    readonly proposals: ReadonlyArray<string>
    readonly credentials: ReadonlyArray<string>
  }
  readonly members: ReadonlyArray<{
    readonly leaf_index: number
    readonly account: string
    readonly signature_key: string
    readonly encryption_key: string
  }>
  /** Components in words. */
  readonly decoded: Readonly<Record<string, unknown>>
}

/** One step. */
export interface RecordedStep {
  readonly index: number
  readonly name: string
  readonly all_live_members_agree: boolean
  readonly publishes: ReadonlyArray<RecordedPublish>
  readonly actions: ReadonlyArray<RecordedAction>
  readonly members: Readonly<Record<string, RecordedMember>>
}

/** A conversation. */
export interface Transcript {
  readonly schema: string
  readonly title: string
  readonly generated_at: number
  readonly mls_group_id: string
  readonly accounts: ReadonlyArray<RecordedAccount>
  readonly observers: ReadonlyArray<string>
  readonly steps: ReadonlyArray<RecordedStep>
  readonly states: Readonly<Record<string, RecordedState>>
}
