/**
 * Component 0x8001 `marmot.group.profile.v1`: name and description of a group.
 *
 * @module
 */
import { decodeUtf8, encodeUtf8 } from "../codec/mod.ts"
import { readComponent, refuseComponent, writeComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.groupProfile

/** Longest name in UTF-8 bytes. */
export const maxGroupNameBytes = 256 as const
/** Longest description in UTF-8 bytes. */
export const maxGroupDescriptionBytes = 4096 as const

/** What a group is called. Texts are kept exactly: no trimming, no normalization. */
export interface GroupProfileState {
  /** At most {@link maxGroupNameBytes}. */
  readonly name: string
  /** At most {@link maxGroupDescriptionBytes}. */
  readonly description: string
}

/**
 * Reads `name<V>` and `description<V>`, both UTF-8.
 *
 * @throws {ComponentError}
 */
export function decodeGroupProfile(bytes: Uint8Array): GroupProfileState {
  return readComponent(id, bytes, (reader) => ({
    name: decodeUtf8(reader.viewV(maxGroupNameBytes)),
    description: decodeUtf8(reader.viewV(maxGroupDescriptionBytes)),
  }))
}

/**
 * Writes the state.
 *
 * @throws {ComponentError} `limit` for a text that is too long, `invalid-value` for half a surrogate pair
 */
export function encodeGroupProfile(state: GroupProfileState): Uint8Array {
  return writeComponent(id, (writer) => {
    const name = encodeUtf8(state.name)
    const description = encodeUtf8(state.description)
    if (name.length > maxGroupNameBytes || description.length > maxGroupDescriptionBytes) {
      refuseComponent(id, "limit")
    }
    writer.opaqueV(name).opaqueV(description)
  })
}
