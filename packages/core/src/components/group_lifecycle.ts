/**
 * Component 0x800c `marmot.group.lifecycle.v1`: whether a group has ended.
 *
 * @module
 */
import { readComponent, refuseComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.groupLifecycle

/** `disbanded` is final. */
export type GroupLifecycleState = "active" | "disbanded"

/**
 * Reads one byte: 0 active, 1 disbanded.
 *
 * @throws {ComponentError} `invalid-value` for another one
 */
export function decodeGroupLifecycle(bytes: Uint8Array): GroupLifecycleState {
  return readComponent(id, bytes, (reader) => {
    const value = reader.u8()
    if (value > 1) refuseComponent(id, "invalid-value")
    return value === 0 ? "active" : "disbanded"
  })
}

/** Writes the byte. */
export function encodeGroupLifecycle(state: GroupLifecycleState): Uint8Array {
  return new Uint8Array([state === "active" ? 0 : 1])
}
