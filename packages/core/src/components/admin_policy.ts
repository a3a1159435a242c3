/**
 * Component 0x8003 `marmot.group.admin-policy.v1`: the accounts that may change the group.
 *
 * @module
 */
import { decodeHex, encodeHex } from "../codec/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import {
  compareBytes,
  readComponent,
  refuseComponent,
  requireAscending,
  writeComponent,
} from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.adminPolicy
const KEY_BYTES = 32

/**
 * Reads the admins: `admins<V>` of 32-byte account keys, ascending, each once, at least one. Whether
 * each has a leaf in the group is for the group to decide.
 *
 * @throws {ComponentError} `invalid-value` when there is none, `not-canonical` for their order
 */
export function decodeAdminPolicy(bytes: Uint8Array): ReadonlyArray<PublicKey> {
  return readComponent(id, bytes, (reader) => {
    const keys = reader.vector((reader) => reader.opaque(KEY_BYTES))
    if (keys.length === 0) refuseComponent(id, "invalid-value")
    requireAscending(id, keys, compareBytes)
    return keys.map((key) => encodeHex(key) as PublicKey)
  })
}

/**
 * Writes the admins; sorts them and drops repetitions.
 *
 * @throws {ComponentError} `invalid-value` when there is none
 */
export function encodeAdminPolicy(admins: Iterable<PublicKey>): Uint8Array {
  const sorted = [...new Set(admins)].sort()
  if (sorted.length === 0) refuseComponent(id, "invalid-value")
  return writeComponent(
    id,
    (writer) =>
      writer.vector(sorted, (writer, admin) => writer.opaque(decodeHex(admin, KEY_BYTES))),
  )
}
