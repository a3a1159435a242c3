/**
 * `mdk.messages`.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { type ArgumentError, GroupError, type ServiceError } from "../api/errors.ts"
import type { GroupId, MessageId } from "../api/ids.ts"
import type { Sent } from "../api/sending.ts"
import type { MessagesApi, Outgoing, SendOptions } from "../api/service.ts"
import { encodeUtf8 } from "../codec/mod.ts"
import { GROUPS, readGroupRecord } from "../group/mod.ts"
import {
  chatMessage,
  deletionOf,
  editOf,
  type InnerContent,
  maxReactionLength,
  MessageKind,
  reactionTo,
} from "../message/mod.ts"
import type { Account } from "./account.ts"
import { reactionsBy } from "./annotation_reader.ts"
import { toServiceError } from "./failure.ts"
import { type Guard, sentHandle } from "./handles.ts"
import { outgoingOf, requireIntent } from "./intent_store.ts"
import { pageMessages } from "./message_pages.ts"
import type { PlacedMessage } from "./message_rows.ts"
import { type Draft, enqueueMessage } from "./outgoing_messages.ts"
import { retryBell } from "./publisher.ts"
import { findRow, resolveRows, rowById } from "./timeline_reader.ts"

const MAX_TEXT_BYTES = 32_000

/** Kinds with verbs of their own, or that belong to nobody. */
const RESERVED: ReadonlySet<number> = new Set([
  MessageKind.deletion,
  MessageKind.reaction,
  MessageKind.edit,
  MessageKind.system,
  MessageKind.pushTokenUpdate,
  MessageKind.pushTokenList,
  MessageKind.pushTokenRemoval,
])

/** Makes `mdk.messages`. */
export const makeMessagesApi = (account: Account, guard: Guard): MessagesApi => {
  const { runtime, changes } = account
  const { storage } = runtime
  const enqueue = <E>(
    draft: Effect.Effect<Draft, E>,
    options: Pick<SendOptions, "once"> | undefined,
  ): Effect.Effect<Sent, E | ArgumentError | GroupError | ServiceError> =>
    guard(Effect.map(
      enqueueMessage(changes, options?.once, draft),
      ({ intent, message }) => sentHandle(runtime, guard, intent, message),
    ))
  return {
    send: (to, message, options) =>
      enqueue(
        Effect.map(
          contentOf(account, to, message, options),
          (content) => ({ group: to, content }),
        ),
        options,
      ),
    react: (to, emoji, options) =>
      enqueue(
        Effect.gen(function* () {
          const target = yield* rowById(storage, to)
          const content = emoji === null
            ? yield* unreact(account, target)
            : yield* reaction(to, emoji)
          return { group: target.group, content }
        }),
        options,
      ),
    edit: (id, text, options) =>
      enqueue(
        Effect.gen(function* () {
          const target = yield* rowById(storage, id)
          if (target.event.pubkey !== runtime.self || target.local === true) {
            return yield* new GroupError({ reason: "not-author" })
          }
          if (target.event.kind !== MessageKind.chat) return yield* invalid
          return { group: target.group, content: editOf(id, yield* textOf(text)) }
        }),
        options,
      ),
    remove: (id, options) =>
      enqueue(
        Effect.gen(function* () {
          const target = yield* rowById(storage, id)
          yield* mayDelete(account, target)
          return { group: target.group, content: deletionOf(id) }
        }),
        options,
      ),
    retry: (id) =>
      guard(
        runtime.lock.withKey(`intent/${id}`)(Effect.gen(function* () {
          const { state } = yield* requireIntent(storage, id)
          const over = state._tag === "Failed" || state._tag === "Withdrawn" ||
            state._tag === "Superseded"
          if (over) return yield* new GroupError({ reason: "failed" })
          for (const outgoing of yield* outgoingOf(storage, id)) {
            if (outgoing.released) yield* changes.publish(outgoing)
          }
          runtime.bells.ring(retryBell(id))
        })),
      ),
    handle: (id) =>
      guard(
        Effect.flatMap(requireIntent(storage, id), (intent) =>
          intent.body.kind === "message"
            ? Effect.succeed(sentHandle(runtime, guard, id, intent.body.message))
            : Effect.fail(new GroupError({ reason: "unknown-intent" }))),
      ),
    get: (id) =>
      guard(Effect.gen(function* () {
        const row = yield* rowById(storage, id)
        const [message] = yield* resolveRows(storage, [row])
        return message ?? (yield* new GroupError({ reason: "unknown-message" }))
      })),
    page: (group, query) =>
      guard(Effect.gen(function* () {
        if (group !== "all") yield* requireGroup(account, group)
        const found = yield* pageMessages(storage, group === "all" ? undefined : group, query)
        return { ...found, items: yield* resolveRows(storage, found.items) }
      })),
  }
}

const invalid = Effect.fail(new GroupError({ reason: "invalid-argument" }))

const textOf = (text: string): Effect.Effect<string, GroupError> => {
  if (typeof text !== "string" || text === "" || !text.isWellFormed()) return invalid
  return encodeUtf8(text).length > MAX_TEXT_BYTES
    ? Effect.fail(new GroupError({ reason: "too-large" }))
    : Effect.succeed(text)
}

const contentOf = Effect.fnUntraced(function* (
  account: Account,
  to: GroupId,
  message: Outgoing,
  options: SendOptions | undefined,
) {
  const replyTo = options?.replyTo
  if (replyTo !== undefined) yield* requireIn(account, to, replyTo)
  if (typeof message === "string") {
    return chatMessage(yield* textOf(message), replyTo === undefined ? {} : { replyTo })
  }
  const { kind, content, tags = [] } = message
  const fine = Number.isInteger(kind) && kind >= 0 && kind <= 65_535 && !RESERVED.has(kind) &&
    content.isWellFormed() && tags.every((tag) => tag.every((item) => item.isWellFormed()))
  if (!fine) return yield* invalid
  const reply = replyTo === undefined ? [] : [["e", replyTo], ["q", replyTo]]
  return { kind, content, tags: [...tags, ...reply] }
})

const requireIn = (
  { runtime }: Account,
  group: string,
  id: MessageId,
): Effect.Effect<void, GroupError | ServiceError> =>
  Effect.flatMap(
    findRow(runtime.storage, group, id),
    (row) =>
      row === undefined ? Effect.fail(new GroupError({ reason: "unknown-message" })) : Effect.void,
  )

const requireGroup = (
  { runtime }: Account,
  group: string,
): Effect.Effect<Pick<ReturnType<typeof readGroupRecord>, "summary">, GroupError | ServiceError> =>
  Effect.flatMap(
    Effect.mapError(runtime.storage.get(GROUPS.name, group), toServiceError),
    (row) =>
      row._tag === "None"
        ? Effect.fail(new GroupError({ reason: "unknown-group" }))
        : Effect.succeed(readGroupRecord(row.value.value)),
  )

const reaction = (to: MessageId, emoji: string): Effect.Effect<InnerContent, GroupError> =>
  emoji !== "" && emoji.isWellFormed() && [...emoji].length <= maxReactionLength
    ? Effect.succeed(reactionTo(to, emoji))
    : invalid

/** Takes one's own reactions away; fails with `unknown-message` when there is none. */
const unreact = Effect.fnUntraced(function* ({ runtime }: Account, target: PlacedMessage) {
  const standing = yield* reactionsBy(runtime.storage, target, runtime.self)
  if (standing.length === 0) return yield* new GroupError({ reason: "unknown-message" })
  return deletionOf(...standing.map(({ event }) => event.id))
})

const mayDelete = Effect.fnUntraced(function* (account: Account, target: PlacedMessage) {
  if (target.local === true) return yield* invalid
  const { self } = account.runtime
  if (target.event.pubkey === self) return
  const { summary } = yield* requireGroup(account, target.group)
  const direct = summary.members.length <= 2 && summary.name === ""
  if (direct) return yield* new GroupError({ reason: "not-author" })
  if (!summary.admins.includes(self)) return yield* new GroupError({ reason: "not-admin" })
})
