/**
 * Kind 30443: an account's KeyPackage, addressable by the slot in its `d` tag.
 *
 * @module
 */
import { decodeBase64, encodeBase64, encodeHex, isHex } from "../codec/mod.ts"
import type { EntropyService, EventTemplate, NostrEvent } from "../services/mod.ts"
import { refuseEnvelope } from "./envelope_error.ts"
import { NostrKind } from "./nostr_kind.ts"

const MAX_KEY_PACKAGE_BYTES = 48 * 1024

/** What a KeyPackage event says about its KeyPackage. */
export interface KeyPackageAdvertisement {
  /** Which of its author's slots it fills; a later event for the slot replaces it. */
  readonly slot: string
  /** The complete MLSMessage. */
  readonly message: Uint8Array
  /** KeyPackageRef, 64 lower-case hex. */
  readonly ref: string
  /** MLS extension types of the leaf's capabilities, GREASE left out. */
  readonly extensions: ReadonlyArray<number>
  /** MLS proposal types of the leaf's capabilities, GREASE left out. */
  readonly proposals: ReadonlyArray<number>
  /** Marmot components (0x8000 and above) that the leaf supports. */
  readonly components: ReadonlyArray<number>
}

/** A random slot: 64 lower-case hex, made once and used again for every replacement. */
export function newKeyPackageSlot(entropy: EntropyService): string {
  return encodeHex(entropy.bytes(32))
}

/**
 * The template of a KeyPackage event, to be signed by the account.
 *
 * @param createdAt Unix seconds, now
 * @throws {EnvelopeError} `bad-tags` for a slot or reference that is not 64 lower-case hex, an empty list
 * or a component list without 0x8009
 */
export function keyPackageTemplate(
  advertisement: KeyPackageAdvertisement,
  createdAt: number,
): EventTemplate {
  const { slot, message, ref, extensions, proposals, components } = advertisement
  if (!isHex(slot, 32) || !isHex(ref, 32) || !components.includes(0x8009)) {
    refuseEnvelope("bad-tags")
  }
  return {
    kind: NostrKind.keyPackage,
    created_at: createdAt,
    tags: [
      ["d", slot],
      ["mls_protocol_version", "1.0"],
      ["i", ref],
      ["mls_ciphersuite", "0x0001"],
      ["mls_extensions", ...listed(extensions)],
      ["mls_proposals", ...listed(proposals)],
      ["app_components", ...listed(components)],
    ],
    content: encodeBase64(message),
  }
}

const listed = (ids: ReadonlyArray<number>): ReadonlyArray<string> =>
  ids.length === 0
    ? refuseEnvelope("bad-tags")
    : [...new Set(ids)].map((id) => `0x${id.toString(16).padStart(4, "0")}`)

/**
 * Reads a KeyPackage event. Compared with what is written it is lenient where other clients are: the
 * slot need only be non-empty, of repeated `d` and `i` tags the first counts, values behind the first of
 * a single-valued tag and repeated list items are ignored.
 *
 * @param event id and signature were verified
 * @throws {EnvelopeError} `wrong-kind`, `bad-tags`, `bad-content`
 */
export function readKeyPackageEvent(event: NostrEvent): KeyPackageAdvertisement {
  if (event.kind !== NostrKind.keyPackage) refuseEnvelope("wrong-kind")
  const slot = first(event, "d")
  const ref = first(event, "i")
  if (
    slot === "" || !isHex(ref, 32) || first(event, "mls_protocol_version") !== "1.0" ||
    first(event, "mls_ciphersuite") !== "0x0001"
  ) {
    refuseEnvelope("bad-tags")
  }
  const components = idList(event, "app_components")
  if (!components.includes(0x8009)) refuseEnvelope("bad-tags")
  return {
    slot,
    message: decodeContent(event.content),
    ref,
    extensions: idList(event, "mls_extensions"),
    proposals: idList(event, "mls_proposals"),
    components,
  }
}

const first = (event: NostrEvent, name: string): string =>
  event.tags.find((tag) => tag[0] === name)?.[1] ?? refuseEnvelope("bad-tags")

const idList = (event: NostrEvent, name: string): ReadonlyArray<number> => {
  const [tag, ...more] = event.tags.filter((tag) => tag[0] === name)
  if (tag === undefined || tag.length < 2 || more.length > 0) return refuseEnvelope("bad-tags")
  const ids = tag.slice(1).map((item) =>
    /^0x[0-9a-f]{4}$/.test(item) ? Number(item) : refuseEnvelope("bad-tags")
  )
  return [...new Set(ids)]
}

const decodeContent = (content: string): Uint8Array => {
  try {
    return decodeBase64(content, MAX_KEY_PACKAGE_BYTES)
  } catch {
    return refuseEnvelope("bad-content")
  }
}
