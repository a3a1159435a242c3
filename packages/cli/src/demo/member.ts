/**
 * One member of the demo: a process with its own account, that does what it is told on standard input.
 *
 * @module
 */
import {
  type GroupId,
  InviteId,
  Mdk,
  type MdkService,
  type Message,
  MessageId,
  PublicKey,
} from "@mdk/core"
import { decodeHex } from "@mdk/core/codec"
import { Secret } from "@mdk/core/crypto"
import { Passphrase } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import process from "node:process"
import { createInterface } from "node:readline"
import { dirname } from "node:path"
import { CliError } from "../cli_error.ts"
import { accountLayer } from "../composition.ts"
import { type CommandFailure, keyStoreFailure } from "../command_failure.ts"
import { all } from "../selection.ts"
import { SERVICE_ID } from "../session.ts"
import type { Answers, Opening, Reading, Request, RequestLine } from "./member_protocol.ts"

const PATIENCE = "30 seconds"

/** The account that an opening describes. */
const layerOf = (opening: Opening) =>
  accountLayer({
    home: { folder: dirname(opening.database), database: opening.database, keys: opening.keys },
    keyStore: opening.keyStore,
    keyName: { serviceId: SERVICE_ID, keyId: opening.keyId },
    passphrase: Passphrase.fromCallback(() => Promise.resolve(opening.passphrase)),
    randomPassphrase: true,
    ...(opening.secretKey === undefined ? {} : {
      enrol: {
        secretKey: Secret.take(decodeHex(opening.secretKey)),
        relays: opening.relays,
      },
    }),
  })

const readingOf = (message: Message): Reading => ({
  id: message.id,
  author: message.author,
  text: message.content._tag === "Text" ? message.content.text : message.fallback,
  edited: message.edited !== undefined,
  reactions: message.reactions.map((reaction) => reaction.emoji),
})

/** Asks again until there is an answer, for a bounded time. */
const until = <A, E>(
  what: string,
  ask: Effect.Effect<A | undefined, E>,
): Effect.Effect<A, E | CliError> =>
  Effect.gen(function* () {
    for (;;) {
      const found = yield* ask
      if (found !== undefined) return found
      yield* Effect.sleep("50 millis")
    }
  }).pipe(
    Effect.timeoutOrElse({
      duration: PATIENCE,
      orElse: () =>
        Effect.fail(new CliError({ reason: "demo-failed", advice: `${what} did not come` })),
    }),
  )

const theGroup = (mdk: MdkService): Effect.Effect<GroupId, CommandFailure> =>
  Effect.flatMap(
    mdk.groups.page({ limit: 1 }),
    ({ items: [group] }) =>
      group === undefined
        ? Effect.fail(new CliError({ reason: "not-found", advice: "there is no group" }))
        : Effect.succeed(group.id),
  )

const timeline = (mdk: MdkService, group: GroupId) =>
  Effect.map(
    mdk.messages.page(group, { limit: 100 }),
    ({ items }) =>
      items.toReversed().filter((message) => message.content._tag === "Text").map(readingOf),
  )

/** Carries one request out. */
const carryOut = (
  mdk: MdkService,
  request: Request,
): Effect.Effect<Answers[Request["do"]], CommandFailure> =>
  Effect.gen(function* () {
    switch (request.do) {
      case "open": {
        const report = yield* mdk.sync({ timeout: "10 seconds" })
        if (report.relays.accepted === 0) {
          return yield* Effect.fail({ _tag: "ServiceError", reason: "no-relay" })
        }
        return { publicKey: mdk.account.publicKey }
      }
      case "found": {
        const { group, change } = yield* mdk.groups.create({
          name: request.name,
          invite: request.invite.map((who) => PublicKey.parse(who)),
        })
        const relays = yield* change.published
        return { group: group.id, relays: relays.accepted }
      }
      case "await-invitation": {
        const invite = yield* until(
          "an invitation",
          Effect.map(all(mdk.invites.page), ([first]) => first),
        )
        return {
          id: invite.id,
          from: invite.from,
          groupName: invite.group.name,
          members: invite.group.members.length,
        }
      }
      case "accept": {
        const group = yield* mdk.invites.accept(InviteId.parse(request.invitation))
        return { group: group.id, members: group.members.length }
      }
      case "send": {
        const sent = yield* mdk.messages.send(
          yield* theGroup(mdk),
          request.text,
          request.replyTo === undefined ? {} : { replyTo: MessageId.parse(request.replyTo) },
        )
        const relays = yield* sent.published
        return { message: sent.messageId, relays: relays.accepted }
      }
      case "react": {
        const sent = yield* mdk.messages.react(MessageId.parse(request.to), request.emoji)
        return { relays: (yield* sent.published).accepted }
      }
      case "edit": {
        const sent = yield* mdk.messages.edit(MessageId.parse(request.message), request.text)
        return { relays: (yield* sent.published).accepted }
      }
      case "await-reading": {
        const group = yield* theGroup(mdk)
        return yield* until(
          "a message",
          Effect.map(timeline(mdk, group), (read) => {
            const seen = read.flatMap((row) => [row.text, ...row.reactions])
            return request.until.every((text) => seen.includes(text)) ? read : undefined
          }),
        )
      }
      case "close":
        return null
    }
  })

const answer = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The parts of a failure that the parent needs; the advice is the library's own sentence. */
const told = (failure: CommandFailure): CommandFailure => {
  const { _tag, reason, advice } = keyStoreFailure(failure)
  return { _tag, reason, ...(typeof advice === "string" ? { advice } : {}) }
}

/** Answers one request; its failure is an answer too. */
const serve = (mdk: MdkService, { id, request }: RequestLine): Effect.Effect<void> =>
  Effect.match(carryOut(mdk, request), {
    onSuccess: (given) => answer({ id, answer: given }),
    onFailure: (failure) => answer({ id, failure: told(failure) }),
  })

/** The program of a member process: opens with the first line, ends with `close` or the input. */
export const demoMember: Effect.Effect<void, CommandFailure> = Effect.scoped(
  Effect.gen(function* () {
    const lines = yield* Queue.unbounded<RequestLine>()
    const input = createInterface({ input: process.stdin, terminal: false })
    yield* Effect.addFinalizer(() => Effect.sync(() => input.close()))
    input.on("line", (line) => Queue.offerUnsafe(lines, JSON.parse(line)))
    // The parent is gone: nobody will ask for anything any more.
    input.on("close", () => Queue.offerUnsafe(lines, { id: 0, request: { do: "close" } }))

    const first = yield* Queue.take(lines)
    if (first.request.do !== "open") return
    const conversation = Effect.gen(function* () {
      const mdk = yield* Mdk
      yield* serve(mdk, first)
      for (;;) {
        const line = yield* Queue.take(lines)
        if (line.request.do === "close") return line.id
        yield* serve(mdk, line)
      }
    })
    const closed = yield* conversation.pipe(
      Effect.provide(layerOf(first.request.opening)),
      Effect.scoped,
      Effect.catch((failure: CommandFailure) =>
        Effect.sync(() => {
          answer({ id: first.id, failure: told(failure) })
          return 0
        })
      ),
    )
    // Answered only now: the database is closed.
    answer({ id: closed, answer: null })
  }),
)
