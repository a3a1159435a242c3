/**
 * Extensions that RFC 9420 section 13 and the extensions draft define: where each may stand, and that
 * its data is what it should be. Unknown types and GREASE may stand anywhere and are not looked into.
 *
 * @module
 */
import { decodeTls, type TlsReader } from "../codec/tls.ts"
import { decodeAppDataDictionary } from "./app_data.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { type Extension, readRequiredCapabilities } from "./extension.ts"
import { readCredential } from "./leaf_node.ts"
import { type MlsErrorReason, refuse } from "./mls_error.ts"
import { ExtensionType } from "./registry.ts"

/** A structure that has extensions. */
export type ExtensionPlace = "leafNode" | "keyPackage" | "groupContext" | "groupInfo"

interface KnownExtension {
  readonly places: ReadonlyArray<ExtensionPlace>
  /** Throws when the data is malformed. */
  readonly check: (data: Uint8Array) => unknown
}

const exactly = <T>(read: (reader: TlsReader) => T) => (data: Uint8Array): T =>
  decodeTls(data, read)

function readExternalSender(reader: TlsReader): void {
  reader.viewV()
  readCredential(reader)
}

const known: ReadonlyMap<number, KnownExtension> = new Map<number, KnownExtension>([
  [ExtensionType.applicationId, { places: ["leafNode"], check: exactly((r) => r.viewV()) }],
  // Whoever joins by it decodes it then.
  [ExtensionType.ratchetTree, { places: ["groupInfo"], check: () => undefined }],
  [
    ExtensionType.requiredCapabilities,
    { places: ["groupContext"], check: exactly(readRequiredCapabilities) },
  ],
  [ExtensionType.externalPub, { places: ["groupInfo"], check: exactly((r) => r.viewV()) }],
  [
    ExtensionType.externalSenders,
    { places: ["groupContext"], check: exactly((r) => r.vector(readExternalSender)) },
  ],
  [
    ExtensionType.appDataDictionary,
    {
      places: ["leafNode", "keyPackage", "groupContext", "groupInfo"],
      check: decodeAppDataDictionary,
    },
  ],
  [ExtensionType.lastResort, { places: ["keyPackage"], check: exactly(() => undefined) }],
])

/**
 * Checks an extension list by itself.
 *
 * @param misplaced the reason for a type that has no place there.
 * @throws MlsError `misplaced`; `malformed` or `invalid-app-data` for the data of an extension, and
 * for a type that occurs twice.
 */
export function checkKnownExtensions(
  extensions: ReadonlyArray<Extension>,
  place: ExtensionPlace,
  misplaced: MlsErrorReason,
): void {
  const seen = new Set<number>()
  for (const { type, data } of extensions) {
    if (seen.has(type)) refuse("malformed")
    seen.add(type)
    const extension = known.get(type)
    if (extension === undefined) continue
    if (!extension.places.includes(place)) refuse(misplaced)
    decodeBoundary(() => extension.check(data))
  }
}
