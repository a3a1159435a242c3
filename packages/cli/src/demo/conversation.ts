/**
 * The demo: three people, three processes, three encrypted databases, one relay, one conversation.
 *
 * @module
 */
import { PublicKey } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { type KeyStoreError, systemEntropy } from "@mdk/core/services"
import { makeEmbeddedRelay, type RelayStartError } from "@mdk/nostr-transport/relay"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { join } from "node:path"
import { CliError } from "../cli_error.ts"
import type { KeyStoreKind } from "../home.ts"
import type { CommandFailure } from "../command_failure.ts"
import { type Terminal, withProgress } from "../terminal.ts"
import { databaseKey, forgetKey, type Member, newMember } from "./cast.ts"
import { inspectDatabase, modeOf } from "./inspection.ts"
import { type MemberProcess, startMember } from "./member_process.ts"
import type { Reading } from "./member_protocol.ts"
import { tell } from "./narration.ts"
import { hexNeedle, type Needle, textNeedle } from "./needles.ts"
import { watchRelay } from "./relay_watch.ts"

/** How the demo runs. */
export interface DemoOptions {
  /** Where the databases lie: an empty folder of mode 0700. */
  readonly folder: string
  /** Print how to open the databases, which stay. */
  readonly keep: boolean
  /** Another relay than the demo's own. */
  readonly relay?: string
  /** Where the database keys live. */
  readonly keyStore: KeyStoreKind
}

const GROUP_NAME = "The burrow at the old oak"
const HELLO = "hello everybody, the tunnel to the garden is open"
const ANSWER = "wonderful, I will bring the carrots at sunset"
const REVISED = "wonderful, I will bring carrots and turnips at sunset"
const THANKS = "thank you both, I was asleep and have just read it all"
const MISSED = "carol is away; we meet at the western entrance instead"
const EMOJI = "🥕"

/** Runs the demo; fails when anything does not happen as it must. */
export const demonstrate = (
  terminal: Terminal,
  options: DemoOptions,
): Effect.Effect<void, CommandFailure | KeyStoreError | RelayStartError> =>
  Effect.scoped(Effect.gen(function* () {
    const start = performance.now()
    const run = encodeHex(systemEntropy.bytes(4))
    const passphrase = encodeHex(systemEntropy.bytes(16))
    tell(terminal, {
      step: "keys",
      keyStore: options.keyStore,
      folder: options.folder,
      text: options.keyStore === "native"
        ? "the database keys are kept in the platform's credential store and deleted at the end"
        : "the database keys are kept in files in the demo's own folder, wrapped under a passphrase",
    })

    const own = options.relay === undefined ? yield* makeEmbeddedRelay() : undefined
    const seen = own === undefined ? undefined : watchRelay(own)
    const url = own?.url ?? options.relay ?? ""
    tell(terminal, { step: "relay", url, own: own !== undefined })

    const members = ["alice", "bob", "carol"].map((name) =>
      newMember(name, options, run, passphrase, [url])
    )
    const [alice, bob, carol] = members
    if (alice === undefined || bob === undefined || carol === undefined) return
    if (options.keyStore === "native") {
      yield* Effect.addFinalizer(() => Effect.forEach(members, forgetKey, { discard: true }))
    }
    const nameOf = (key: string) => members.find((one) => one.publicKey === key)?.name ?? "somebody"

    const open = (member: Member, isNew: boolean) =>
      Effect.gen(function* () {
        const started = yield* startMember
        const { secretKey, opening } = member
        yield* started.ask({
          do: "open",
          opening: isNew ? { ...opening, secretKey } : opening,
        }).pipe(withProgress(terminal, `${member.name} opens its database`))
        return started
      })
    const enter = (member: Member) =>
      Effect.tap(open(member, true), ({ pid }) =>
        Effect.sync(() =>
          tell(terminal, {
            step: "account",
            member: member.name,
            pid,
            npub: PublicKey.npub(member.publicKey),
            database: member.opening.database,
          })
        ))

    const carolsScope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(carolsScope, Exit.void))
    const [a, b, c] = yield* Effect.all(
      [enter(alice), enter(bob), Scope.provide(enter(carol), carolsScope)],
      { concurrency: 3 },
    )

    const founded = yield* a.ask({
      do: "found",
      name: GROUP_NAME,
      invite: [bob.publicKey, carol.publicKey],
    })
    tell(terminal, { step: "founded", member: "alice", name: GROUP_NAME, invited: 2 })

    const groupIds = [founded.group]
    for (const [member, started] of [[bob, b], [carol, c]] as const) {
      const invitation = yield* started.ask({ do: "await-invitation" })
      tell(terminal, {
        step: "invited",
        member: member.name,
        by: nameOf(invitation.from),
        name: invitation.groupName,
        members: invitation.members,
      })
      const joined = yield* started.ask({ do: "accept", invitation: invitation.id })
      groupIds.push(joined.group)
      tell(terminal, { step: "joined", member: member.name, members: joined.members })
    }

    const say = (member: Member, started: MemberProcess, text: string, replyTo?: string) =>
      Effect.tap(
        started.ask({ do: "send", text, ...(replyTo === undefined ? {} : { replyTo }) }),
        ({ relays }) =>
          Effect.sync(() => tell(terminal, { step: "sent", member: member.name, text, relays })),
      )
    const reads = (member: Member, started: MemberProcess, until: ReadonlyArray<string>) =>
      Effect.map(
        started.ask({ do: "await-reading", until }),
        (timeline: ReadonlyArray<Reading>) =>
          tell(terminal, {
            step: "read",
            member: member.name,
            timeline: timeline.map(({ author, text, edited, reactions }) => ({
              from: nameOf(author),
              text,
              edited,
              reactions,
            })),
          }),
      )

    terminal.line()
    const hello = yield* say(alice, a, HELLO)
    yield* Effect.all([
      b.ask({ do: "await-reading", until: [HELLO] }),
      c.ask({ do: "await-reading", until: [HELLO] }),
    ], { concurrency: 2 })
    const answer = yield* say(bob, b, ANSWER, hello.message)
    yield* a.ask({ do: "await-reading", until: [ANSWER] })
    const reacted = yield* a.ask({ do: "react", to: answer.message, emoji: EMOJI })
    tell(terminal, { step: "reacted", member: "alice", text: EMOJI, relays: reacted.relays })
    const edited = yield* b.ask({ do: "edit", message: answer.message, text: REVISED })
    tell(terminal, { step: "edited", member: "bob", text: REVISED, relays: edited.relays })
    yield* reads(carol, c, [HELLO, REVISED, EMOJI])

    yield* c.ask({ do: "close" })
    yield* Scope.close(carolsScope, Exit.void)
    tell(terminal, { step: "left", member: "carol", pid: c.pid })
    yield* say(bob, b, MISSED)
    const again = yield* open(carol, false)
    tell(terminal, { step: "returned", member: "carol", pid: again.pid })
    yield* reads(carol, again, [HELLO, REVISED, EMOJI, MISSED])
    yield* say(carol, again, THANKS)
    yield* reads(alice, a, [HELLO, REVISED, EMOJI, MISSED, THANKS])
    yield* reads(bob, b, [HELLO, REVISED, EMOJI, MISSED, THANKS])

    const keys = yield* Effect.forEach(members, databaseKey, { concurrency: 3 })
    const needles: ReadonlyArray<Needle> = [
      textNeedle("the group's name", GROUP_NAME),
      ...[HELLO, ANSWER, REVISED, THANKS, MISSED].map((text) => textNeedle("a message", text)),
      ...members.map((one) => hexNeedle(`${one.name}'s secret key`, one.secretKey)),
      ...keys.map((key) => hexNeedle("a database key", key)),
    ]
    // A relay has to know who publishes and where; a copied file must not even tell that.
    const onDisk: ReadonlyArray<Needle> = [
      ...needles,
      ...members.map((one) => hexNeedle(`${one.name}'s public key`, one.publicKey)),
      ...groupIds.map((id) => hexNeedle("a group id", id)),
      ...(seen?.([]).routes ?? []).map((id) => hexNeedle("a routing id", id)),
      hexNeedle("a message id", hello.message),
      hexNeedle("a message id", answer.message),
    ]

    terminal.line()
    let leaks = 0
    const look = () => {
      for (const member of members) {
        const files = inspectDatabase(options.folder, `${member.name}.db`, onDisk)
        leaks += files.reduce((sum, file) => sum + file.leaks.length + (file.plain ? 1 : 0), 0)
        tell(terminal, {
          step: "files",
          member: member.name,
          folderMode: modeOf(options.folder),
          files,
        })
      }
    }
    look()
    const sight = seen?.(needles)
    if (sight !== undefined) {
      leaks += sight.leaks.length
      tell(terminal, { step: "relay-saw", kinds: sight.kinds, leaks: sight.leaks })
    } else terminal.line("what this relay saw cannot be told from here\n")

    yield* Effect.all([a, b, again].map((one) => one.ask({ do: "close" })), { concurrency: 3 })
    if (options.keep) {
      members.forEach((member, at) => {
        const { database } = member.opening
        const key = keys[at] ?? ""
        tell(terminal, {
          step: "kept",
          member: member.name,
          database,
          key,
          open: `sqlcipher '${database}' -cmd "PRAGMA key = \\"x'${key}'\\""`,
        })
      })
      if (options.keyStore === "wrapped-file") {
        tell(terminal, {
          step: "passphrase",
          folder: join(options.folder, "keys"),
          passphrase,
        })
      }
    }
    const seconds = (performance.now() - start) / 1000
    tell(terminal, { step: "done", seconds, needles: onDisk.length, leaks })
    if (leaks > 0) {
      return yield* new CliError({
        reason: "demo-failed",
        advice: "something readable was found where only ciphertext belongs",
      })
    }
  }))
