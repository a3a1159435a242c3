/**
 * What members say to each other, as inner event contents.
 *
 * @module
 */
import type { PublicKey } from "../identity/mod.ts"
import type { InnerContent, MessageId } from "./inner_event.ts"
import { MessageKind } from "./message_kind.ts"

/** Longest reaction, in characters (code points). */
export const maxReactionLength = 64 as const

/** What a chat message refers to. */
export interface ChatReferences {
  /** The message that it answers. */
  readonly replyTo?: MessageId
  /** Accounts that it mentions. */
  readonly mentions?: Iterable<PublicKey>
}

/** Chat text, kind 9. */
export function chatMessage(text: string, references: ChatReferences = {}): InnerContent {
  const { replyTo, mentions = [] } = references
  return {
    kind: MessageKind.chat,
    tags: [
      ...(replyTo === undefined ? [] : [["e", replyTo], ["q", replyTo]]),
      ...[...new Set(mentions)].map((account) => ["p", account]),
    ],
    content: text,
  }
}

/** New text for one's own chat message, kind 1009. */
export function editOf(target: MessageId, text: string): InnerContent {
  return { kind: MessageKind.edit, tags: [["e", target]], content: text }
}

/**
 * Reaction to a message, kind 7.
 *
 * @param emoji 1 to 64 characters; longer ones are not shown by anybody
 */
export function reactionTo(target: MessageId, emoji: string): InnerContent {
  return { kind: MessageKind.reaction, tags: [["e", target]], content: emoji }
}

/**
 * Deletion, kind 5: of messages (one's own, or as an admin), or of one's own reactions.
 *
 * @param targets ids of the messages or reactions
 */
export function deletionOf(...targets: ReadonlyArray<MessageId>): InnerContent {
  return { kind: MessageKind.deletion, tags: targets.map((id) => ["e", id]), content: "" }
}

/** One choice of a poll. */
export interface PollOption {
  /** What answers name. */
  readonly id: string
  /** What people read. */
  readonly label: string
}

/** Poll, kind 1068 (NIP-88), without relay tags. */
export function poll(
  question: string,
  options: ReadonlyArray<PollOption>,
  type: "singlechoice" | "multiplechoice" = "singlechoice",
): InnerContent {
  return {
    kind: MessageKind.poll,
    tags: [...options.map(({ id, label }) => ["option", id, label]), ["polltype", type]],
    content: question,
  }
}

/** Answer to a poll, kind 1018 (NIP-88). */
export function pollResponse(
  target: MessageId,
  choices: ReadonlyArray<string>,
): InnerContent {
  return {
    kind: MessageKind.pollResponse,
    tags: [["e", target], ...choices.map((id) => ["response", id])],
    content: "",
  }
}
