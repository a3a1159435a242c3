/**
 * Component 0x8004 `marmot.transport.nostr.routing.v1`: where the traffic of a group goes.
 *
 * @module
 */
import { decodeHex, decodeUtf8, encodeHex, encodeUtf8 } from "../codec/mod.ts"
import {
  compareBytes,
  readComponent,
  refuseComponent,
  requireAscending,
  writeComponent,
} from "./component_error.ts"
import { ComponentId } from "./component_id.ts"
import { isRelayUrl, maxRelays, maxRelayUrlBytes, type RelayUrl } from "./relay_url.ts"

const id = ComponentId.nostrRouting

/** The public address of a group. It may rotate; it says nothing about members. */
export interface NostrRoutingState {
  /** The value of the `h` tag: 64 lower-case hex characters, random. */
  readonly nostrGroupId: string
  /** 1 to 16 relays, ascending by their bytes. */
  readonly relays: ReadonlyArray<RelayUrl>
}

/**
 * Reads `nostr_group_id[32]` and `relays<V>` of `url<V>`.
 *
 * @throws {ComponentError} `limit` for too many relays or a long one, `invalid-value` for none or for one
 * that is no relay address, `not-canonical` for their order
 */
export function decodeNostrRouting(bytes: Uint8Array): NostrRoutingState {
  return readComponent(id, bytes, (reader) => {
    const nostrGroupId = encodeHex(reader.view(32))
    const urls = reader.vector((reader) => reader.opaqueV(maxRelayUrlBytes), maxRelays)
    if (urls.length === 0) refuseComponent(id, "invalid-value")
    requireAscending(id, urls, compareBytes)
    return { nostrGroupId, relays: urls.map((url) => relay(decodeUtf8(url))) }
  })
}

/**
 * Writes the state; sorts the relays and drops repetitions.
 *
 * @throws {ComponentError} as {@link decodeNostrRouting}
 */
export function encodeNostrRouting(state: NostrRoutingState): Uint8Array {
  return writeComponent(id, (writer) => {
    const urls = [...new Set(state.relays)].map((url) => encodeUtf8(relay(url))).sort(compareBytes)
    if (urls.length === 0) refuseComponent(id, "invalid-value")
    if (urls.length > maxRelays) refuseComponent(id, "limit")
    writer.opaque(decodeHex(state.nostrGroupId, 32))
      .vector(urls, (writer, url) => writer.opaqueV(url))
  })
}

const relay = (text: string): RelayUrl =>
  isRelayUrl(text) ? text : refuseComponent(id, "invalid-value")
