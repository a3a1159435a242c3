/**
 * Groups, invitations, messages and events as lines for people and as JSON for machines.
 *
 * @module
 */
import { type Event, type Group, type Invite, type Message, PublicKey } from "@mdk/core"
import { printable, printableBlock } from "./printable.ts"
import { short } from "./terminal.ts"

const INDENT = "        "

/** A person, short: the beginning of the npub. */
export function person(key: PublicKey, self?: PublicKey): string {
  return key === self ? "you" : PublicKey.npub(key).slice(0, 12)
}

/** The name of a group, or what stands for it. */
export function groupName(group: Pick<Group, "name">): string {
  return group.name === "" ? "(no name)" : printable(group.name)
}

/** What a message says, harmless for a terminal. */
export function contentText(message: Message): string {
  const { content } = message
  switch (content._tag) {
    case "Text":
      return printableBlock(content.text, INDENT)
    case "System":
      return `* ${printable(content.text)}`
    case "Other":
      return `(kind ${content.kind}) ${printable(content.content)}`
    case "Deleted":
      return content.by === "author" ? "(deleted)" : "(deleted by an admin)"
  }
}

/** One message as one entry. */
export function messageLine(message: Message, self: PublicKey): string {
  const time = message.claimedAt.toTimeString().slice(0, 5)
  const state = message.send === undefined || message.send._tag === "Published"
    ? ""
    : ` [${message.send._tag.toLowerCase()}]`
  const edited = message.edited === undefined ? "" : " (edited)"
  const reactions = message.reactions
    .map((reaction) => `${printable(reaction.emoji)} ${reaction.by.length}`)
    .join("  ")
  const under = reactions === "" ? "" : `\n${INDENT}${reactions}`
  const author = person(message.author, self)
  return `${time}  ${author}: ${contentText(message)}${edited}${state}${under}`
}

/** One group as one line. */
export function groupLine(group: Group): string {
  const status = group.status === "active" ? "" : `  (${group.status})`
  return `${short(group.id)}  ${groupName(group)}  ${group.members.length} members${status}`
}

/** One invitation as one line. */
export function inviteLine(invite: Invite): string {
  const known = invite.known ? "" : " (not known to you)"
  return `${short(invite.id)}  ${groupName(invite.group)}  from ${
    PublicKey.npub(invite.from)
  }${known}, ${invite.group.members.length} members`
}

/** One event as a line, or nothing when there is nothing to show. */
export function eventLine(event: Event, self: PublicKey): string | undefined {
  switch (event._tag) {
    case "MessageReceived":
      return messageLine(event.message, self)
    case "MessageChanged":
      return `~ ${messageLine(event.message, self)}`
    case "Invited":
      return `invitation ${inviteLine(event.invite)}; join with: mdk group join ${
        short(event.invite.id)
      }`
    case "GroupChanged":
      return `group ${event.group === undefined ? "" : short(event.group)} changed: ${
        event.what.join(", ")
      }`
    case "SendChanged":
      return undefined
    case "Gap":
      return `events before ${event.since.toISOString()} were not seen; read: mdk history`
  }
}

/** A value for JSON: epochs are decimal strings, dates ISO strings, maps objects. */
export function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString()
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, entry]) => [String(key), toJson(entry)]))
  }
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, toJson(entry)]))
  }
  return value
}
