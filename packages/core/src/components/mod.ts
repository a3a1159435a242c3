/**
 * App components: the signed settings of groups and leaves, one file an id.
 *
 * @module
 */
export * from "./account_identity_proof.ts"
export * from "./admin_policy.ts"
export * from "./agent_text_stream.ts"
export * from "./app_data_dictionary.ts"
export * from "./avatar_url.ts"
export * from "./blossom_image.ts"
export {
  ComponentError,
  type ComponentErrorFields,
  type ComponentErrorReason,
} from "./component_error.ts"
export * from "./component_id.ts"
export * from "./component_list.ts"
export * from "./encrypted_media.ts"
export * from "./group_component.ts"
export * from "./group_lifecycle.ts"
export * from "./group_profile.ts"
export * from "./last_resort.ts"
export * from "./media_type.ts"
export * from "./message_retention.ts"
export * from "./nostr_routing.ts"
export * from "./relay_url.ts"
export * from "./safe_aad.ts"
