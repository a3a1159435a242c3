/**
 * Component 0x0001 `app_components`: a list of component ids. In a leaf: what the member supports. In
 * a GroupContext: what every member must support.
 *
 * @module
 */
import { readComponent, requireAscending, writeComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.appComponents

/**
 * Reads a list: `u16 ids<V>`, ascending, each once.
 *
 * @throws {ComponentError} `not-canonical` for unsorted or repeated ids
 */
export function decodeComponentList(bytes: Uint8Array): ReadonlyArray<number> {
  return readComponent(id, bytes, (reader) => {
    const ids = reader.vector((reader) => reader.u16())
    requireAscending(id, ids, (a, b) => a - b)
    return ids
  })
}

/** Writes a list; sorts it and drops repetitions. */
export function encodeComponentList(ids: Iterable<number>): Uint8Array {
  const sorted = [...new Set(ids)].sort((a, b) => a - b)
  return writeComponent(id, (writer) => writer.vector(sorted, (writer, item) => writer.u16(item)))
}
