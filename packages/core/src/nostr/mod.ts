/**
 * Envelopes: what Marmot puts on relays, and how it is opened.
 *
 * @module
 */
export {
  EventError,
  type EventErrorFields,
  type EventErrorReason,
  eventId,
  signEvent,
  verifyEvent,
  verifyRumor,
} from "../identity/mod.ts"
export { isRelayUrl, type RelayUrl } from "../components/mod.ts"
export {
  EnvelopeError,
  type EnvelopeErrorFields,
  type EnvelopeErrorReason,
} from "./envelope_error.ts"
export { freshSecretKey, signEphemeral } from "./ephemeral_key.ts"
export * from "./event_json.ts"
export * from "./gift_wrap.ts"
export * from "./group_event.ts"
export * from "./key_package_event.ts"
export * from "./nostr_kind.ts"
export * from "./relay_list.ts"
export * from "./welcome.ts"
