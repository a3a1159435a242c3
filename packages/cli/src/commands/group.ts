/**
 * `mdk group`: found, list, invite, join, decline.
 *
 * @module
 */
import { type Change, PublicKey, type ServiceError } from "@mdk/core"
import { Command } from "commander"
import * as Effect from "effect/Effect"
import { printable } from "../printable.ts"
import { groupLine, groupName, inviteLine, person, toJson } from "../rendering.ts"
import { all, findGroup, findInvite, readPeople } from "../selection.ts"
import { catchUp, type GlobalOptions, untilPublished, withAccount } from "../session.ts"
import { short } from "../terminal.ts"
import { optionsOf, type Register, timeoutOption } from "./command_line.ts"

interface CreateOptions {
  readonly invite?: ReadonlyArray<string>
  readonly description?: string
  readonly skipUnreachable?: boolean
  readonly timeout: number
}

interface InviteOptions {
  readonly again?: boolean
  readonly timeout: number
}

/** Invitations go out only when the change is applied; whoever leaves before leaves them behind. */
const untilInvited = (change: Change): Effect.Effect<void, ServiceError> =>
  Effect.gen(function* () {
    for (;;) {
      const states = [...(yield* change.welcomes).values()]
      if (states.every(({ _tag }) => _tag === "Published" || _tag === "Failed")) return
      yield* Effect.sleep("100 millis")
    }
  })

/** Defines `mdk group`. */
export const registerGroup: Register = (program, run) => {
  const group = new Command("group").description("found, list, invite, join")

  group.command("create")
    .description("found a group; its invitations go out at once")
    .argument("<name>", "the group's name")
    .option("--invite <person...>", "npub, nprofile or hex of those who are invited")
    .option("--description <text>", "the group's description")
    .option("--skip-unreachable", "leave out who cannot be invited instead of failing")
    .addOption(timeoutOption("how long to wait for a relay"))
    .action((name: string, _, command: Command) => {
      const options = optionsOf<CreateOptions>(command)
      return run(
        options,
        withAccount(options, {}, (session) =>
          Effect.gen(function* () {
            const { mdk, terminal } = session
            const invite = yield* readPeople(options.invite ?? [])
            yield* catchUp(session, options.timeout)
            const { group, change } = yield* mdk.groups.create({
              name,
              invite,
              ...(options.description === undefined ? {} : { description: options.description }),
              ...(options.skipUnreachable === true ? { skipUnreachable: true } : {}),
            })
            if (invite.length > 0) {
              yield* untilPublished(terminal, change.published, options.timeout)
            }
            terminal.line(groupLine(group))
            terminal.value(toJson(group))
          })),
      )
    })

  group.command("list")
    .description("the groups of this account")
    .action((_, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, { offline: true }, ({ mdk, terminal }) =>
          Effect.gen(function* () {
            const groups = yield* all(mdk.groups.page)
            for (const one of groups) {
              terminal.line(groupLine(one))
              terminal.value(toJson(one))
            }
            if (groups.length === 0) terminal.note("no groups yet")
          })),
      )
    })

  group.command("show")
    .description("a group's members and relays")
    .argument("<group>", "id, beginning of the id, or name")
    .action((given: string, _, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, { offline: true }, ({ mdk, terminal }) =>
          Effect.gen(function* () {
            const one = yield* findGroup(mdk, given)
            terminal.line(`${one.id}  ${groupName(one)}`)
            if (one.description !== "") terminal.line(`  ${printable(one.description)}`)
            for (const member of one.members) {
              const admin = one.admins.includes(member) ? "  admin" : ""
              const self = member === mdk.account.publicKey ? "  you" : ""
              terminal.line(`  ${PublicKey.npub(member)}${admin}${self}`)
            }
            for (const relay of one.relays) terminal.line(`  relay ${printable(relay)}`)
            terminal.value(toJson(one))
          })),
      )
    })

  group.command("invite")
    .description("invite people; admins only")
    .argument("<group>", "id, beginning of the id, or name")
    .argument("<person...>", "npub, nprofile or hex")
    .option(
      "--again",
      "members too: who lost a device or restored a backup; the devices they had are removed",
    )
    .addOption(timeoutOption("how long to wait for a relay"))
    .action((given: string, people: ReadonlyArray<string>, _, command: Command) => {
      const options = optionsOf<InviteOptions>(command)
      return run(
        options,
        withAccount(options, {}, (session) =>
          Effect.gen(function* () {
            const { mdk, terminal } = session
            const who = yield* readPeople(people)
            const one = yield* findGroup(mdk, given)
            yield* catchUp(session, options.timeout)
            const change = yield* mdk.groups.invite(one.id, who, {
              again: options.again === true,
            })
            const epoch = yield* untilPublished(
              terminal,
              Effect.tap(change.applied, () => untilInvited(change)),
              options.timeout,
            )
            terminal.line(`invited ${who.length}; the group is at epoch ${epoch}`)
            terminal.value(toJson({ group: one.id, invited: who, epoch }))
          })),
      )
    })

  group.command("reach")
    .description("who could be invited now")
    .argument("<person...>", "npub, nprofile or hex")
    .action((people: ReadonlyArray<string>, _, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, {}, ({ mdk, terminal }) =>
          Effect.gen(function* () {
            const reached = yield* mdk.groups.reach(yield* readPeople(people))
            for (const [who, how] of reached) terminal.line(`${PublicKey.npub(who)}  ${how}`)
            terminal.value(toJson(reached))
          })),
      )
    })

  group.command("invites")
    .description("invitations that wait for an answer")
    .action((_, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, {}, (session) =>
          Effect.gen(function* () {
            const { mdk, terminal } = session
            yield* catchUp(session)
            const invites = yield* all(mdk.invites.page)
            for (const invite of invites) {
              terminal.line(inviteLine(invite))
              terminal.value(toJson(invite))
            }
            if (invites.length === 0) terminal.note("no invitations")
          })),
      )
    })

  group.command("join")
    .description("accept an invitation")
    .argument("[invitation]", "id, beginning of the id, or group name; default: the only one")
    .action((given: string | undefined, _, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, {}, (session) =>
          Effect.gen(function* () {
            const { mdk, terminal } = session
            yield* catchUp(session)
            const invite = yield* findInvite(mdk, given)
            const joined = yield* mdk.invites.accept(invite.id)
            terminal.line(`joined ${groupLine(joined)}, invited by ${person(invite.from)}`)
            terminal.value(toJson(joined))
          })),
      )
    })

  group.command("decline")
    .description("forget an invitation; the inviter is not told")
    .argument("<invitation>", "id, beginning of the id, or group name")
    .action((given: string, _, command: Command) => {
      const options = optionsOf<GlobalOptions>(command)
      return run(
        options,
        withAccount(options, {}, (session) =>
          Effect.gen(function* () {
            const { mdk, terminal } = session
            yield* catchUp(session)
            const invite = yield* findInvite(mdk, given)
            yield* mdk.invites.decline(invite.id)
            terminal.line(`declined ${short(invite.id)}`)
            terminal.value({ declined: invite.id })
          })),
      )
    })

  program.addCommand(group)
}
