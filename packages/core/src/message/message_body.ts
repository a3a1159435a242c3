/**
 * What a row says, and a line that can always be shown.
 *
 * @module
 */
import type { InnerEvent } from "./inner_event.ts"
import { MessageKind } from "./message_kind.ts"

/**
 * What a message says. `Other` holds every kind that the library does not interpret: polls, unknown
 * kinds, claims of system rows by members.
 */
export type Content =
  | { readonly _tag: "Text"; readonly text: string }
  /** Something that happened to the group, seen by this device itself. */
  | {
    readonly _tag: "System"
    /** `member_added`, `group_renamed`, ... */
    readonly type: string
    /** A plain English line. */
    readonly text: string
    /** `actor`, `subject`, `name`, ... where they apply. */
    readonly data: Readonly<Record<string, unknown>>
  }
  | {
    readonly _tag: "Other"
    readonly kind: number
    readonly content: string
    readonly tags: ReadonlyArray<ReadonlyArray<string>>
  }
  | { readonly _tag: "Deleted"; readonly by: "author" | "admin" }

/**
 * What an event says.
 *
 * @param local whether this device wrote it: only then is kind 1210 more than a claim
 */
export function contentOf(
  event: Pick<InnerEvent, "kind" | "tags" | "content">,
  local: boolean,
): Content {
  const { kind, content, tags } = event
  if (kind === MessageKind.chat) return { _tag: "Text", text: content }
  const system = local && kind === MessageKind.system ? systemContent(content) : undefined
  return system ?? { _tag: "Other", kind, content, tags }
}

/** A line for screens that know nothing of the kind. Never empty for anything but an empty text. */
export function fallbackOf(content: Content): string {
  switch (content._tag) {
    case "Text":
    case "System":
      return content.text
    case "Deleted":
      return content.by === "author" ? "Message deleted" : "Message deleted by an admin"
    case "Other":
      return otherFallback(content.kind, content.content, content.tags)
  }
}

const otherFallback = (
  kind: number,
  content: string,
  tags: ReadonlyArray<ReadonlyArray<string>>,
): string => {
  // NIP-31: what to show where the kind is unknown.
  const alt = tags.find(([name]) => name === "alt")?.[1]
  if (alt !== undefined && alt !== "") return alt
  if (kind === MessageKind.poll && content !== "") return `Poll: ${content}`
  if (kind === MessageKind.pollResponse) return "Answer to a poll"
  return `Message of kind ${kind}`
}

const systemContent = (content: string): Content | undefined => {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    return undefined
  }
  if (!isRecord(value)) return undefined
  const { system_type: type, text, data } = value
  if (typeof type !== "string" || typeof text !== "string") return undefined
  return { _tag: "System", type, text, data: isRecord(data) ? data : {} }
}

interface SystemJson extends Readonly<Record<string, unknown>> {
  readonly system_type?: unknown
  readonly text?: unknown
  readonly data?: unknown
}

const isRecord = (value: unknown): value is SystemJson =>
  typeof value === "object" && value !== null && !Array.isArray(value)
