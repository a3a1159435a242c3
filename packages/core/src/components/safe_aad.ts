/**
 * Component 0x0002 `safe_aad`. A Marmot leaf advertises the empty list, and no GroupContext may hold
 * the component: `authenticated_data` stays empty.
 *
 * @module
 */
import { readComponent, requireAscending } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.safeAad

/** The one state that a Marmot leaf carries: an empty list. */
export const emptySafeAad: Uint8Array = new Uint8Array([0])

/**
 * Reads the list of components whose SafeAAD items a leaf understands: `u16 ids<V>`, ascending.
 *
 * @throws {ComponentError} `not-canonical` for unsorted or repeated ids
 */
export function decodeSafeAad(bytes: Uint8Array): ReadonlyArray<number> {
  return readComponent(id, bytes, (reader) => {
    const ids = reader.vector((reader) => reader.u16())
    requireAscending(id, ids, (a, b) => a - b)
    return ids
  })
}
