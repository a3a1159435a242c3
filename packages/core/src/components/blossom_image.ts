/**
 * Component 0x8002 `marmot.group.blossom.image.v1`: the encrypted picture of a group.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8 } from "../codec/mod.ts"
import { readComponent, refuseComponent, writeComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"
import { canonicalMediaType } from "./media_type.ts"

const id = ComponentId.blossomImage
const MAX_MEDIA_TYPE_BYTES = 128

/** A picture that every member can fetch and decrypt. */
export interface BlossomImageState {
  /** SHA-256 of the ciphertext, 32 bytes. */
  readonly hash: Uint8Array
  /** ChaCha20-Poly1305 key, 32 bytes. */
  readonly key: Uint8Array
  /** ChaCha20-Poly1305 nonce, 12 bytes. */
  readonly nonce: Uint8Array
  /** Nostr secret key of its own, used only to authorize the upload, 32 bytes. */
  readonly uploadKey: Uint8Array
  /** Canonical media type of the plaintext, part of the authenticated data. */
  readonly mediaType: string
}

/**
 * Reads the state: `hash<V>`, `key<V>`, `nonce<V>`, `upload_key<V>`, `media_type<V>`; `undefined` for the
 * state of five empty fields, which says that there is no picture.
 *
 * @throws {ComponentError} `invalid-value` when some fields are empty and others are not, or one has
 * another size; `not-canonical` for the media type
 */
export function decodeBlossomImage(bytes: Uint8Array): BlossomImageState | undefined {
  return readComponent(id, bytes, (reader) => {
    const state: BlossomImageState = {
      hash: reader.opaqueV(32),
      key: reader.opaqueV(32),
      nonce: reader.opaqueV(12),
      uploadKey: reader.opaqueV(32),
      mediaType: decodeUtf8(reader.viewV(MAX_MEDIA_TYPE_BYTES)),
    }
    const sizes = [state.hash, state.key, state.nonce, state.uploadKey].map((field) => field.length)
    if (state.mediaType === "" && sizes.every((size) => size === 0)) return undefined
    check(state)
    return state
  })
}

/**
 * Writes the state; `undefined` writes the one without a picture.
 *
 * @throws {ComponentError} as {@link decodeBlossomImage}
 */
export function encodeBlossomImage(state: BlossomImageState | undefined): Uint8Array {
  if (state === undefined) return new Uint8Array(5)
  check(state)
  return writeComponent(
    id,
    (writer) =>
      writer.opaqueV(state.hash).opaqueV(state.key).opaqueV(state.nonce).opaqueV(state.uploadKey)
        .opaqueV(encodeUtf8(state.mediaType)),
  )
}

const check = (state: BlossomImageState): void => {
  const { hash, key, nonce, uploadKey, mediaType } = state
  if (
    hash.length !== 32 || key.length !== 32 || nonce.length !== 12 || uploadKey.length !== 32 ||
    mediaType === ""
  ) {
    refuseComponent(id, "invalid-value")
  }
  if (mediaType.length > MAX_MEDIA_TYPE_BYTES) refuseComponent(id, "limit")
  if (canonicalMediaType(mediaType) !== mediaType) refuseComponent(id, "not-canonical")
}
