/**
 * Extension lists (RFC 9420 section 13) and the `required_capabilities` extension (section 11.1).
 *
 * @module
 */
import { decodeTls, encodeTls, type TlsReader, type TlsWriter } from "../codec/tls.ts"
import { refuse } from "./mls_error.ts"
import { ExtensionType } from "./registry.ts"

/** One extension: a type and opaque data. */
export interface Extension {
  /** `ExtensionType`, 0 to 65 535; unknown values are kept. */
  readonly type: number
  /** `extension_data`. */
  readonly data: Uint8Array
}

/** What every member of a group must support. */
export interface RequiredCapabilities {
  /** Extension types beyond the default ones. */
  readonly extensions: ReadonlyArray<number>
  /** Proposal types beyond the default ones. */
  readonly proposals: ReadonlyArray<number>
  /** Credential types. */
  readonly credentials: ReadonlyArray<number>
}

const maxExtensions = 1024

/** Reads `Extension extensions<V>`; refuses a type that occurs twice. */
export function readExtensions(reader: TlsReader): ReadonlyArray<Extension> {
  const list = reader.vector(readExtension, maxExtensions)
  for (let i = 1; i < list.length; i++) {
    for (let j = 0; j < i; j++) if (list[i]?.type === list[j]?.type) refuse("malformed")
  }
  return list
}

function readExtension(reader: TlsReader): Extension {
  return { type: reader.u16(), data: reader.viewV() }
}

/** Writes `Extension extensions<V>`. */
export function writeExtensions(writer: TlsWriter, extensions: ReadonlyArray<Extension>): void {
  writer.vector(extensions, (w, e) => w.u16(e.type).opaqueV(e.data))
}

/** The data of the extension with this type, `undefined` when the list has none. */
export function findExtension(
  extensions: ReadonlyArray<Extension>,
  type: number,
): Uint8Array | undefined {
  for (const e of extensions) if (e.type === type) return e.data
  return undefined
}

const readIds = (reader: TlsReader): number[] => reader.vector((r) => r.u16(), 4096)

/** Encodes `RequiredCapabilities` as a GroupContext extension. */
export function requiredCapabilitiesExtension(required: RequiredCapabilities): Extension {
  const data = encodeTls((w) => {
    for (const ids of [required.extensions, required.proposals, required.credentials]) {
      w.vector(ids, (w, id) => w.u16(id))
    }
  })
  return { type: ExtensionType.requiredCapabilities, data }
}

const nothingRequired: RequiredCapabilities = { extensions: [], proposals: [], credentials: [] }

/** Reads the data of a `required_capabilities` extension. */
export function readRequiredCapabilities(reader: TlsReader): RequiredCapabilities {
  return { extensions: readIds(reader), proposals: readIds(reader), credentials: readIds(reader) }
}

/**
 * The `required_capabilities` of a GroupContext extension list; three empty lists when it has none.
 *
 * @throws DecodeError when the extension is there and malformed.
 */
export function requiredCapabilities(extensions: ReadonlyArray<Extension>): RequiredCapabilities {
  const data = findExtension(extensions, ExtensionType.requiredCapabilities)
  if (data === undefined) return nothingRequired
  return decodeTls(data, readRequiredCapabilities)
}
