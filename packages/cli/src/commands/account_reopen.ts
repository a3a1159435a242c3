/**
 * `mdk account reopen`: makes a restored or copied database usable again.
 *
 * @module
 */
import { type Group, PublicKey, type ServiceError } from "@mdk/core"
import { Storage } from "@mdk/core/services"
import type { Command } from "commander"
import * as Effect from "effect/Effect"
import { confirm } from "../confirmation.ts"
import { groupLine, toJson } from "../rendering.ts"
import { all } from "../selection.ts"
import { catchUp, type GlobalOptions, type Session, withAccount } from "../session.ts"
import { optionsOf, type Runner } from "./command_line.ts"

interface ReopenOptions extends GlobalOptions {
  readonly yes?: boolean
}

const QUESTION =
  "This database is a restored backup or a copy. All its groups are closed for this device: their\n" +
  "history stays, sending needs a fresh invitation. The database that it was made from must not be\n" +
  "used any more."

/** Its KeyPackage goes out now, or at the next start when no relay answers. */
const publish = ({ mdk, terminal }: Session): Effect.Effect<void, ServiceError> =>
  catchUp({ mdk, terminal }).pipe(
    Effect.asVoid,
    Effect.catchIf(
      ({ reason }) => reason === "no-relay",
      () =>
        Effect.sync(() =>
          terminal.note("no relay answered; you can be invited after the next start with one")
        ),
    ),
  )

const tell = ({ mdk, terminal }: Session, groups: ReadonlyArray<Group>): void => {
  const many = groups.length === 1 ? "1 group is" : `${groups.length} groups are`
  terminal.line(`reopened; ${many} closed, with the history that is here`)
  for (const group of groups) terminal.line(groupLine(group))
  if (groups.length > 0) {
    const npub = PublicKey.npub(mdk.account.publicKey)
    terminal.note(`an admin brings you back with: mdk group invite GROUP ${npub} --again`)
  }
  terminal.value({ reopened: true, groups: toJson(groups) })
}

const reopen = (options: ReopenOptions) =>
  withAccount(
    options,
    { closeRestored: options.yes === true ? Effect.void : confirm(QUESTION, "--yes") },
    (session) =>
      Effect.gen(function* () {
        const { condition } = yield* Storage
        const { mdk, terminal } = session
        if (!condition.restored) {
          terminal.line("this is no restored copy; nothing was changed")
          terminal.value({ reopened: false, groups: [] })
          return
        }
        const closed = (yield* all(mdk.groups.page))
          .filter(({ status }) => status === "unrecoverable")
        yield* publish(session)
        tell(session, closed)
      }),
  )

/** Adds the command to `mdk account`. */
export const addReopen = (account: Command, run: Runner): void => {
  account.command("reopen")
    .description("use a restored or copied database again; its groups are closed for this device")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      `
A restored backup may be older than what was sent from it: its keys must not be
used again. They are erased, and a fresh KeyPackage is published. Names and
messages stay. What was still to be sent, and invitations that waited, are given
up. An admin of a group lets you in again, and the group goes on where it is:

  mdk account reopen --yes
  mdk group invite GROUP YOUR-NPUB --again      (the admin)
  mdk group join                                (you)`,
    )
    .action((_, command: Command) => {
      const options = optionsOf<ReopenOptions>(command)
      return run(options, reopen(options))
    })
}
