/**
 * SafeAAD of the extensions draft: `authenticated_data` that several components share.
 *
 * @module
 */
import { encodeTls, TlsReader } from "../codec/tls.ts"
import { type ComponentData, componentData } from "./app_data.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import type { GroupContext } from "./group_context.ts"
import { refuse } from "./mls_error.ts"
import { ComponentId } from "./registry.ts"

/** What `authenticated_data` holds in a group that uses SafeAAD. */
export interface SafeAad {
  /** Items in strictly ascending order of their component ids. */
  readonly items: ReadonlyArray<ComponentData>
  /** What follows the SafeAAD structure. */
  readonly rest: Uint8Array
}

const inUse = new WeakMap<GroupContext, boolean>()

/** True when the GroupContext's dictionary has the component `safe_aad`. */
export function usesSafeAad(context: GroupContext): boolean {
  let uses = inUse.get(context)
  if (uses === undefined) {
    uses = componentData(context.extensions, ComponentId.safeAad) !== undefined
    inUse.set(context, uses)
  }
  return uses
}

/** Encodes items as SafeAAD; sorts, and refuses a component id that occurs twice. */
export function encodeSafeAad(items: ReadonlyArray<ComponentData>): Uint8Array {
  const sorted = [...items].sort((a, b) => a.componentId - b.componentId)
  checkAscending(sorted)
  return encodeTls((w) => w.vector(sorted, (w, i) => w.u16(i.componentId).opaqueV(i.data)))
}

/**
 * Reads the SafeAAD at the start of `authenticated_data`.
 *
 * @throws MlsError `malformed`, or `invalid-app-data` when items are not strictly ascending.
 */
export function decodeSafeAad(authenticatedData: Uint8Array): SafeAad {
  return decodeBoundary(() => {
    const reader = new TlsReader(authenticatedData)
    const items = reader.vector((r) => ({ componentId: r.u16(), data: r.opaqueV() }))
    checkAscending(items)
    return { items, rest: reader.rest() }
  })
}

/** Refuses `authenticated_data` that does not start with SafeAAD in a group that uses it. */
export function checkSafeAad(context: GroupContext, authenticatedData: Uint8Array): void {
  if (usesSafeAad(context)) decodeSafeAad(authenticatedData)
}

function checkAscending(items: ReadonlyArray<ComponentData>): void {
  items.forEach((item, i) => {
    const before = items[i - 1]
    if (before !== undefined && before.componentId >= item.componentId) refuse("invalid-app-data")
  })
}
