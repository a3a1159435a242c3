/**
 * Component 0x800b `marmot.group.encrypted-media.v2`: which kinds of blob stores a group uses.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8, type TlsReader, type TlsWriter } from "../codec/mod.ts"
import { readComponent, refuseComponent, writeComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.encryptedMedia
const FORMAT = "encrypted-media-v2"
const MAX_ITEMS = 16
const MAX_KIND_BYTES = 64
const MAX_URL_BYTES = 2048

/** Where blobs of one kind go by default. */
export interface BlobEndpoint {
  /** One of {@link EncryptedMediaState.allowedLocatorKinds}. */
  readonly locatorKind: string
  /** `http` or `https` address in its WHATWG serialization, without credentials, query and fragment. */
  readonly baseUrl: string
}

/** The media policy of a group. Order is significant: earlier is preferred. */
export interface EncryptedMediaState {
  /** 1 to 16 kinds of 1 to 64 characters `a-z 0-9 -`, each once. */
  readonly allowedLocatorKinds: ReadonlyArray<string>
  /** 1 to 16 endpoints, each once. */
  readonly defaultBlobEndpoints: ReadonlyArray<BlobEndpoint>
}

/** The policy of a new group. */
export const defaultEncryptedMedia: EncryptedMediaState = {
  allowedLocatorKinds: ["blossom-v1"],
  defaultBlobEndpoints: [{
    locatorKind: "blossom-v1",
    baseUrl: "https://blossom.primal.net/",
  }],
}

/**
 * Reads `media_format<V>`, `allowed_locator_kinds<V>` of `kind<V>`, and `default_blob_endpoints<V>` of
 * `locator_kind<V>` and `base_url<V>`.
 *
 * @throws {ComponentError} `not-canonical` for repetitions and for addresses that are not in serialized
 * form, otherwise `invalid-value` or `limit`
 */
export function decodeEncryptedMedia(bytes: Uint8Array): EncryptedMediaState {
  return readComponent(id, bytes, (reader) => {
    if (text(reader, MAX_KIND_BYTES) !== FORMAT) refuseComponent(id, "invalid-value")
    const state: EncryptedMediaState = {
      allowedLocatorKinds: reader.vector((reader) => text(reader, MAX_KIND_BYTES), MAX_ITEMS),
      defaultBlobEndpoints: reader.vector((reader) => ({
        locatorKind: text(reader, MAX_KIND_BYTES),
        baseUrl: text(reader, MAX_URL_BYTES),
      }), MAX_ITEMS),
    }
    check(state)
    return state
  })
}

/**
 * Writes the policy. Addresses are serialized first (`https://b.example` becomes
 * `https://b.example/`).
 *
 * @throws {ComponentError} as {@link decodeEncryptedMedia}
 */
export function encodeEncryptedMedia(state: EncryptedMediaState): Uint8Array {
  const normal: EncryptedMediaState = {
    allowedLocatorKinds: state.allowedLocatorKinds,
    defaultBlobEndpoints: state.defaultBlobEndpoints.map(({ locatorKind, baseUrl }) => ({
      locatorKind,
      baseUrl: URL.canParse(baseUrl) ? new URL(baseUrl).href : baseUrl,
    })),
  }
  check(normal)
  const put = (writer: TlsWriter, item: string): TlsWriter => writer.opaqueV(encodeUtf8(item))
  return writeComponent(id, (writer) => {
    put(writer, FORMAT)
    writer.vector(normal.allowedLocatorKinds, put)
    writer.vector(normal.defaultBlobEndpoints, (writer, { locatorKind, baseUrl }) => {
      put(writer, locatorKind)
      put(writer, baseUrl)
    })
  })
}

const text = (reader: TlsReader, max: number): string => decodeUtf8(reader.viewV(max))

const check = (state: EncryptedMediaState): void => {
  const kinds = state.allowedLocatorKinds
  const endpoints = state.defaultBlobEndpoints
  if (kinds.length > MAX_ITEMS || endpoints.length > MAX_ITEMS) refuseComponent(id, "limit")
  if (
    kinds.length === 0 || endpoints.length === 0 ||
    !kinds.every((kind) => /^[a-z0-9-]{1,64}$/.test(kind)) ||
    !endpoints.every(({ locatorKind }) => kinds.includes(locatorKind))
  ) {
    refuseComponent(id, "invalid-value")
  }
  endpoints.forEach(({ baseUrl }) => checkUrl(baseUrl))
  const pairs = endpoints.map(({ locatorKind, baseUrl }) => `${locatorKind} ${baseUrl}`)
  if (new Set(kinds).size !== kinds.length || new Set(pairs).size !== pairs.length) {
    refuseComponent(id, "not-canonical")
  }
}

const checkUrl = (baseUrl: string): void => {
  let url: URL
  try {
    url = new URL(baseUrl)
  } catch {
    return refuseComponent(id, "invalid-value")
  }
  if (encodeUtf8(baseUrl).length > MAX_URL_BYTES) refuseComponent(id, "limit")
  if (
    (url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "" ||
    url.password !== "" || /[?#]/.test(baseUrl)
  ) {
    refuseComponent(id, "invalid-value")
  }
  if (url.href !== baseUrl) refuseComponent(id, "not-canonical")
}
