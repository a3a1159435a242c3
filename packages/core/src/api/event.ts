/**
 * What happens: the events that consumers see until their handler succeeded.
 *
 * @module
 */
import type { EventKey, GroupId, IntentId } from "./ids.ts"
import type { ChangeState } from "./sending.ts"
import type { Invite, Message } from "./values.ts"

/** What changed about a group. */
export type GroupAspect = "members" | "admins" | "profile" | "relays" | "retention" | "status"

/**
 * One event. Offered again under the same `key` until the handler of each named consumer succeeded.
 *
 * - `MessageReceived`: a new row of a timeline, from somebody else or a system row
 * - `MessageChanged`: edited, deleted, reacted to
 * - `Invited`: an invitation waits for an answer
 * - `GroupChanged`: read the group again
 * - `SendChanged`: something of one's own moved on
 * - `Gap`: this consumer was away too long and events before `since` are gone; read pages
 */
export type Event =
  & {
    /** The same each time this event is offered: a good `once` for what a handler sends. */
    readonly key: EventKey
    /** The group that it belongs to. */
    readonly group?: GroupId
  }
  & (
    | { readonly _tag: "MessageReceived" | "MessageChanged"; readonly message: Message }
    | { readonly _tag: "Invited"; readonly invite: Invite }
    | { readonly _tag: "GroupChanged"; readonly what: ReadonlyArray<GroupAspect> }
    | { readonly _tag: "SendChanged"; readonly id: IntentId; readonly state: ChangeState }
    | { readonly _tag: "Gap"; readonly since: Date }
  )
