/**
 * Component 0x8007 `marmot.group.avatar-url.v1`: a public picture. It wins over 0x8002 for display.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8 } from "../codec/mod.ts"
import { readComponent, refuseComponent, writeComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.avatarUrl
const MAX_URL_BYTES = 2048
const MAX_HINT_BYTES = 256

/** A public picture with hints for showing it. */
export interface AvatarUrlState {
  /** `https` address in its WHATWG serialization, without credentials and fragment. */
  readonly url: string
  /** Dimensions as the writer put them, at most 256 bytes of any kind; may be empty. */
  readonly dimensions: Uint8Array
  /** ThumbHash as the writer put it, at most 256 bytes of any kind; may be empty. */
  readonly thumbhash: Uint8Array
}

/**
 * Reads `url<V>`, `dim<V>`, `thumbhash<V>`; `undefined` for the state of three empty fields, which
 * says that there is no picture.
 *
 * @throws {ComponentError} `not-canonical` for an address that is not in serialized form,
 * `invalid-value` for another scheme, credentials, a fragment, or hints without an address
 */
export function decodeAvatarUrl(bytes: Uint8Array): AvatarUrlState | undefined {
  return readComponent(id, bytes, (reader) => {
    const state: AvatarUrlState = {
      url: decodeUtf8(reader.viewV(MAX_URL_BYTES)),
      dimensions: reader.opaqueV(MAX_HINT_BYTES),
      thumbhash: reader.opaqueV(MAX_HINT_BYTES),
    }
    if (state.url === "" && state.dimensions.length + state.thumbhash.length === 0) return undefined
    check(state)
    return state
  })
}

/**
 * Writes the state; `undefined` writes the one without a picture.
 *
 * @throws {ComponentError} as {@link decodeAvatarUrl}, and `limit`
 */
export function encodeAvatarUrl(state: AvatarUrlState | undefined): Uint8Array {
  if (state === undefined) return new Uint8Array(3)
  check(state)
  return writeComponent(id, (writer) => {
    const url = encodeUtf8(state.url)
    if (
      url.length > MAX_URL_BYTES || state.dimensions.length > MAX_HINT_BYTES ||
      state.thumbhash.length > MAX_HINT_BYTES
    ) {
      refuseComponent(id, "limit")
    }
    writer.opaqueV(url).opaqueV(state.dimensions).opaqueV(state.thumbhash)
  })
}

const check = (state: AvatarUrlState): void => {
  let url: URL
  try {
    url = new URL(state.url)
  } catch {
    return refuseComponent(id, "invalid-value")
  }
  if (
    url.protocol !== "https:" || url.username !== "" || url.password !== "" ||
    state.url.includes("#")
  ) {
    refuseComponent(id, "invalid-value")
  }
  if (url.href !== state.url) refuseComponent(id, "not-canonical")
}
