/**
 * System rows, kind 1210: what happened to the group, written down by each device for itself. A received
 * event of this kind is only its author's claim.
 *
 * @module
 */
import { encodeHex } from "../codec/mod.ts"
import { eventId, type PublicKey } from "../identity/mod.ts"
import type { InnerContent } from "./inner_event.ts"
import { MessageKind } from "./message_kind.ts"

/** Something that happened, with the plain English line that is part of the row's id. */
const TEXTS = {
  member_added: "Member added",
  member_removed: "Member removed",
  member_left: "Member left",
  admin_added: "Admin added",
  admin_removed: "Admin removed",
  group_renamed: "Group renamed",
  group_avatar_changed: "Group avatar changed",
  disappearing_timer_changed: "Disappearing timer changed",
  group_disbanded: "Group disbanded",
} as const

/** Types of system rows. */
export type SystemRowType = keyof typeof TEXTS

/** Facts of a system row; what does not apply is absent. */
export interface SystemRowData {
  /** Who did it, where this is known. */
  readonly actor?: PublicKey
  /** To whom it happened. */
  readonly subject?: PublicKey
  /** New name of the group. */
  readonly name?: string
  /** Former name. */
  readonly old_name?: string
  /** New retention in seconds. */
  readonly new_retention_seconds?: number | bigint
  /** Former retention in seconds. */
  readonly old_retention_seconds?: number | bigint
}

/** The plain English line of a system row. */
export function systemRowText(type: SystemRowType): string {
  return TEXTS[type]
}

/** True for a type that this library writes. */
export function isSystemRowType(type: string): type is SystemRowType {
  return Object.hasOwn(TEXTS, type)
}

/**
 * A system row as inner event content: `{"v":1,"system_type":…,"text":…,"data":{…}}` with the facts in
 * alphabetical order; without facts `data` is left out.
 */
export function systemRow(type: SystemRowType, data: SystemRowData = {}): InnerContent {
  const facts: ReadonlyArray<readonly [string, string | number | bigint | undefined]> = [
    ["actor", data.actor],
    ["name", data.name],
    ["new_retention_seconds", data.new_retention_seconds],
    ["old_name", data.old_name],
    ["old_retention_seconds", data.old_retention_seconds],
    ["subject", data.subject],
  ]
  const members = facts.flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`"${name}":${typeof value === "string" ? JSON.stringify(value) : value.toString()}`]
  )
  const tail = members.length === 0 ? "" : `,"data":{${members.join(",")}}`
  return {
    kind: MessageKind.system,
    tags: [["system", type]],
    content: `{"v":1,"system_type":"${type}","text":"${TEXTS[type]}"${tail}}`,
  }
}

/** What makes a system row's id on this device. */
export interface SystemRowOrigin {
  /** The MLS group id. */
  readonly groupId: Uint8Array
  /** The epoch that the change led to. */
  readonly epoch: bigint
  /** Who did it; absent where this is not known. */
  readonly actor?: PublicKey
}

/**
 * The id of a system row on this device, 64 lower-case hex. It covers the group and the epoch, so that
 * the same change in two groups, or twice in one, gives two rows; the same change seen again gives one.
 */
export function systemRowId(row: InnerContent, origin: SystemRowOrigin): string {
  return eventId({
    pubkey: origin.actor ?? "",
    created_at: origin.epoch,
    kind: row.kind,
    tags: row.tags,
    content: `${encodeHex(origin.groupId)}\u001f${row.content}`,
  })
}
