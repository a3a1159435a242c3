/**
 * Events as they are stored: small, and pointing at what they are about, which is read when the
 * event is handed out.
 *
 * @module
 */
import type { GroupAspect } from "../api/event.ts"
import type { ChangeState } from "../api/sending.ts"

/** An event as it is stored. */
export type EventRecord =
  & { readonly key: string; readonly group?: string }
  & (
    | { readonly tag: "received" | "changed"; readonly message: string }
    | { readonly tag: "invited"; readonly invite: string }
    | { readonly tag: "group"; readonly what: ReadonlyArray<GroupAspect> }
    | { readonly tag: "send"; readonly intent: string; readonly state: StoredChangeState }
  )

/** A {@link ChangeState} whose epoch is text, because JSON has no bigint. */
export type StoredChangeState =
  | Exclude<ChangeState, { readonly _tag: "Applied" }>
  | { readonly _tag: "Applied"; readonly epoch: string }

/** For JSON. */
export const storeState = (state: ChangeState): StoredChangeState =>
  state._tag === "Applied" ? { _tag: "Applied", epoch: state.epoch.toString() } : state

/** From JSON. */
export const loadState = (state: StoredChangeState): ChangeState =>
  state._tag === "Applied" ? { _tag: "Applied", epoch: BigInt(state.epoch) } : state
