/**
 * `app_data_dictionary`, `app_data_update` and the component lists of the MLS extensions draft.
 *
 * @module
 */
import { decodeTls, encodeTls, type TlsReader, type TlsWriter } from "../codec/tls.ts"
import { type Extension, findExtension } from "./extension.ts"
import { refuse } from "./mls_error.ts"
import { ExtensionType } from "./registry.ts"

/** One entry of a dictionary. */
export interface ComponentData {
  /** `ComponentID`, 0 to 65 535. */
  readonly componentId: number
  /** Opaque to the machine. */
  readonly data: Uint8Array
}

/** Entries in strictly ascending order of their component id. */
export type AppDataDictionary = ReadonlyArray<ComponentData>

/** One change of a dictionary: the new data of a component, or its removal. */
export interface AppDataUpdate {
  /** `ComponentID`. */
  readonly componentId: number
  /** The complete new data; absent means: remove the component. */
  readonly update?: Uint8Array
}

/**
 * Decodes the data of an `app_data_dictionary` extension.
 *
 * @throws DecodeError when it is malformed.
 * @throws MlsError `invalid-app-data` when ids are not strictly ascending.
 */
export function decodeAppDataDictionary(data: Uint8Array): AppDataDictionary {
  const entries = decodeTls(
    data,
    (r) => r.vector((r) => ({ componentId: r.u16(), data: r.viewV() })),
  )
  requireAscending(entries.map((e) => e.componentId))
  return entries
}

/** Encodes a dictionary as an extension; sorts, and refuses a component id that occurs twice. */
export function appDataDictionaryExtension(entries: AppDataDictionary): Extension {
  const sorted = [...entries].sort((a, b) => a.componentId - b.componentId)
  requireAscending(sorted.map((e) => e.componentId))
  const data = encodeTls((w) => w.vector(sorted, (w, e) => w.u16(e.componentId).opaqueV(e.data)))
  return { type: ExtensionType.appDataDictionary, data }
}

/** The dictionary of an extension list; `undefined` when the list has none. */
export function appDataDictionary(
  extensions: ReadonlyArray<Extension>,
): AppDataDictionary | undefined {
  const data = findExtension(extensions, ExtensionType.appDataDictionary)
  return data === undefined ? undefined : decodeAppDataDictionary(data)
}

/** The data of one component in a list's dictionary; `undefined` when it has no entry. */
export function componentData(
  extensions: ReadonlyArray<Extension>,
  componentId: number,
): Uint8Array | undefined {
  return appDataDictionary(extensions)?.find((e) => e.componentId === componentId)?.data
}

/**
 * Decodes a `ComponentsList` (the data of component `app_components`): strictly ascending ids.
 *
 * @throws DecodeError when it is malformed.
 * @throws MlsError `invalid-app-data` when ids are not strictly ascending.
 */
export function decodeComponentsList(data: Uint8Array): ReadonlyArray<number> {
  const ids = decodeTls(data, (r) => r.vector((r) => r.u16()))
  requireAscending(ids)
  return ids
}

/** Encodes a `ComponentsList`; sorts, and refuses an id that occurs twice. */
export function encodeComponentsList(ids: Iterable<number>): Uint8Array {
  const sorted = [...ids].sort((a, b) => a - b)
  requireAscending(sorted)
  return encodeTls((w) => w.vector(sorted, (w, id) => w.u16(id)))
}

/** Reads the body of an `app_data_update` proposal. */
export function readAppDataUpdate(reader: TlsReader): AppDataUpdate {
  const componentId = reader.u16()
  const operation = reader.u8()
  if (operation === 1) return { componentId, update: reader.viewV() }
  return operation === 2 ? { componentId } : refuse("malformed")
}

/** Writes the body of an `app_data_update` proposal. */
export function writeAppDataUpdate(writer: TlsWriter, change: AppDataUpdate): void {
  writer.u16(change.componentId)
  if (change.update === undefined) writer.u8(2)
  else writer.u8(1).opaqueV(change.update)
}

/**
 * Applies updates to a GroupContext extension list. The dictionary extension is taken out of the
 * list and appended last, even when it was last before or is empty afterwards.
 *
 * @throws MlsError `invalid-app-data` when two updates name one component, or when a component
 * without data is removed.
 */
export function applyAppDataUpdates(
  extensions: ReadonlyArray<Extension>,
  updates: ReadonlyArray<AppDataUpdate>,
): ReadonlyArray<Extension> {
  const entries = new Map<number, ComponentData>()
  for (const e of appDataDictionary(extensions) ?? []) entries.set(e.componentId, e)
  const seen = new Set<number>()
  for (const { componentId, update } of updates) {
    if (seen.has(componentId)) refuse("invalid-app-data")
    seen.add(componentId)
    if (update !== undefined) entries.set(componentId, { componentId, data: update })
    else if (!entries.delete(componentId)) refuse("invalid-app-data")
  }
  const others = extensions.filter((e) => e.type !== ExtensionType.appDataDictionary)
  return [...others, appDataDictionaryExtension([...entries.values()])]
}

function requireAscending(ids: ReadonlyArray<number>): void {
  for (let i = 1; i < ids.length; i++) {
    if ((ids[i - 1] as number) >= (ids[i] as number)) refuse("invalid-app-data")
  }
}
