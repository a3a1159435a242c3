/**
 * Proposals as a caller asks for them.
 *
 * @module
 */
import type { AppDataUpdate } from "./app_data.ts"
import type { Extension } from "./extension.ts"
import type { KeyPackage } from "./key_package.ts"
import type { Capabilities, Credential } from "./leaf_node.ts"

/** What changes in our own leaf besides its encryption key. Absent fields stay as they are. */
export interface LeafPatch {
  /** New credential. */
  readonly credential?: Credential
  /** New capabilities. */
  readonly capabilities?: Capabilities
  /** New leaf extensions, all of them. */
  readonly extensions?: ReadonlyArray<Extension>
  /** Ed25519 seed of a new signature key, 32 bytes, copied. */
  readonly signatureSeed?: Uint8Array
}

/** A proposal that can stand inside a commit. */
export type InlineProposal =
  | { readonly type: "add"; readonly keyPackage: KeyPackage }
  | { readonly type: "remove"; readonly leafIndex: number }
  | { readonly type: "groupContextExtensions"; readonly extensions: ReadonlyArray<Extension> }
  | ({ readonly type: "appDataUpdate" } & AppDataUpdate)
  /** An external PSK; the nonce is drawn. */
  | { readonly type: "psk"; readonly pskId: Uint8Array }
  /** The resumption PSK of an epoch, usage `application`; the nonce is drawn. */
  | { readonly type: "resumptionPsk"; readonly groupId: Uint8Array; readonly epoch: bigint }

/** A proposal that can be sent on its own. */
export type ProposalRequest =
  | InlineProposal
  /** A new leaf of our own, with a fresh encryption key. */
  | { readonly type: "update"; readonly patch?: LeafPatch }
  /** Our own departure; somebody else commits it. Always a PublicMessage. */
  | { readonly type: "selfRemove" }
