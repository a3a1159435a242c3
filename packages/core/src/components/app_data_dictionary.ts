/**
 * The body of MLS extension 0x0006 `app_data_dictionary`: component states by id.
 *
 * @module
 */
import { readComponent, requireAscending, writeComponent } from "./component_error.ts"

/** The MLS extension type that carries a dictionary. */
export const appDataDictionaryExtension = 0x0006 as const

/** Component states by id. An entry with no bytes is present; it differs from an absent one. */
export type AppDataDictionary = ReadonlyMap<number, Uint8Array>

/**
 * Reads a dictionary: entries of `u16 id` and `opaque state<V>`, ascending by id, each once. States are
 * copied, not interpreted: unknown components keep their bytes.
 *
 * @throws {ComponentError} with component 0
 */
export function decodeDictionary(bytes: Uint8Array): AppDataDictionary {
  return readComponent(0, bytes, (reader) => {
    const entries = reader.vector((reader): readonly [number, Uint8Array] => [
      reader.u16(),
      reader.opaqueV(),
    ])
    requireAscending(0, entries, (a, b) => a[0] - b[0])
    return new Map(entries)
  })
}

/** Writes a dictionary in ascending order of ids. */
export function encodeDictionary(dictionary: AppDataDictionary): Uint8Array {
  const entries = [...dictionary].sort((a, b) => a[0] - b[0])
  return writeComponent(
    0,
    (writer) => writer.vector(entries, (writer, [id, state]) => writer.u16(id).opaqueV(state)),
  )
}
