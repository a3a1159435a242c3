/**
 * How an inner event relates to others: a row of its own, or a change to one that may not have arrived yet.
 *
 * @module
 */
import { isHex } from "../codec/mod.ts"
import type { InnerEvent, MessageId } from "./inner_event.ts"
import { maxReactionLength } from "./message_content.ts"
import { MessageKind } from "./message_kind.ts"

/** What an inner event is for the timeline. */
export type Relation =
  /** A row of its own. */
  | { readonly _tag: "Row" }
  /** New text for a row; counts only from the row's author. */
  | { readonly _tag: "Edit"; readonly target: MessageId }
  /** A reaction to a row. */
  | { readonly _tag: "Reaction"; readonly target: MessageId; readonly emoji: string }
  /** Deletion of rows, reactions or edits. */
  | { readonly _tag: "Deletion"; readonly targets: ReadonlyArray<MessageId> }
  /** Nothing that anybody sees: gossip, and changes that name no target properly. */
  | { readonly _tag: "Hidden" }

const row: Relation = { _tag: "Row" }
const hidden: Relation = { _tag: "Hidden" }

/** Classifies an inner event. Depends on the event alone. */
export function relationOf(event: Pick<InnerEvent, "kind" | "tags" | "content">): Relation {
  switch (event.kind) {
    case MessageKind.edit: {
      const [target, ...more] = references(event, "e")
      return target === undefined || more.length > 0 ? hidden : { _tag: "Edit", target }
    }
    case MessageKind.reaction: {
      const target = references(event, "e").at(-1)
      const emoji = event.content === "" ? "+" : event.content
      const fits = emoji.length <= maxReactionLength * 2 && [...emoji].length <= maxReactionLength
      return target === undefined || !fits ? hidden : { _tag: "Reaction", target, emoji }
    }
    case MessageKind.deletion: {
      const targets = [...new Set(references(event, "e"))]
      return targets.length === 0 ? hidden : { _tag: "Deletion", targets }
    }
    case MessageKind.pushTokenUpdate:
    case MessageKind.pushTokenList:
    case MessageKind.pushTokenRemoval:
      return hidden
    default:
      return row
  }
}

/** Targets of an event: what to look for when it arrives, and what to find it by when they arrive. */
export function targetsOf(
  event: Pick<InnerEvent, "kind" | "tags" | "content">,
): ReadonlyArray<MessageId> {
  const relation = relationOf(event)
  switch (relation._tag) {
    case "Edit":
    case "Reaction":
      return [relation.target]
    case "Deletion":
      return relation.targets
    default:
      return []
  }
}

/**
 * The rows that look different once an event arrived (or was withdrawn).
 *
 * @param find an event that has arrived, by id
 * @returns ids of rows; a row that has not arrived is not among them, it will find the event itself
 */
export function affectedRows(
  event: InnerEvent,
  find: (id: MessageId) => InnerEvent | undefined,
): ReadonlyArray<MessageId> {
  if (relationOf(event)._tag === "Row") return [event.id]
  const rows = new Set<MessageId>()
  for (const id of targetsOf(event)) {
    const target = find(id)
    if (target === undefined) continue
    const relation = relationOf(target)
    if (relation._tag === "Row") rows.add(id)
    // The deletion of a reaction or an edit shows at what that was about.
    if (relation._tag !== "Edit" && relation._tag !== "Reaction") continue
    const about = find(relation.target)
    if (about !== undefined && relationOf(about)._tag === "Row") rows.add(about.id)
  }
  return [...rows]
}

/** The message that a chat message answers: its `q` tag, or else its first `e` tag. */
export function replyTarget(event: Pick<InnerEvent, "tags">): MessageId | undefined {
  return references(event, "q")[0] ?? references(event, "e")[0]
}

const references = (event: Pick<InnerEvent, "tags">, name: string): ReadonlyArray<MessageId> =>
  event.tags.flatMap(([tag, id]) =>
    tag === name && id !== undefined && isHex(id, 32) ? [id as MessageId] : []
  )
