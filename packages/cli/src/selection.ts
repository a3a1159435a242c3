/**
 * Finds what a person named: a group by id, by the beginning of its id or by its name; an invitation
 * likewise; a person by npub or hex.
 *
 * @module
 */
import {
  type ArgumentError,
  type Group,
  type Invite,
  type MdkService,
  MessageId,
  type Page,
  type PageOf,
  PublicKey,
  RelayUrl,
  type ServiceError,
} from "@mdk/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CliError } from "./cli_error.ts"

const SHORTEST_PREFIX = 4

/** Reads every page of a list. */
export const all = <A, Q, E>(
  page: (query: PageOf<A, Q>) => Effect.Effect<Page<A>, E>,
): Effect.Effect<ReadonlyArray<A>, E> =>
  Effect.gen(function* () {
    const found: Array<A> = []
    let next = yield* page({ limit: 500 })
    found.push(...next.items)
    while (next.older !== undefined) {
      next = yield* page({ limit: 500, before: next.older })
      found.push(...next.items)
    }
    return found
  })

const one = <A>(
  candidates: ReadonlyArray<A>,
  what: string,
  where: string,
): Effect.Effect<A, CliError> => {
  const [first, second] = candidates
  if (first === undefined) {
    return Effect.fail(
      new CliError({ reason: "not-found", advice: `no ${what} matches; see: ${where}` }),
    )
  }
  return second === undefined ? Effect.succeed(first) : Effect.fail(
    new CliError({
      reason: "ambiguous",
      advice: `${candidates.length} ${what}s match; give more of the id, see: ${where}`,
    }),
  )
}

const matching = <A>(
  items: ReadonlyArray<A>,
  given: string,
  idOf: (item: A) => string,
  nameOf: (item: A) => string,
): ReadonlyArray<A> => {
  const exact = items.filter((item) => idOf(item) === given)
  if (exact.length > 0) return exact
  const named = items.filter((item) => nameOf(item) === given)
  if (named.length > 0) return named
  return given.length < SHORTEST_PREFIX
    ? []
    : items.filter((item) => idOf(item).startsWith(given.toLowerCase()))
}

/** The group that a person named. */
export const findGroup = (
  mdk: MdkService,
  given: string,
): Effect.Effect<Group, CliError | ArgumentError | ServiceError> =>
  Effect.flatMap(
    all(mdk.groups.page),
    (groups) =>
      one(
        matching(groups, given, (group) => group.id, (group) => group.name),
        "group",
        "mdk group list",
      ),
  )

/** The invitation that a person named; without a name the only one there is. */
export const findInvite = (
  mdk: MdkService,
  given: string | undefined,
): Effect.Effect<Invite, CliError | ArgumentError | ServiceError> =>
  Effect.flatMap(
    all(mdk.invites.page),
    (invites) =>
      one(
        given === undefined
          ? invites
          : matching(invites, given, (invite) => invite.id, (invite) => invite.group.name),
        "invitation",
        "mdk group invites",
      ),
  )

const parsed = <A>(found: Option.Option<A>, advice: string): Effect.Effect<A, CliError> =>
  Option.isSome(found)
    ? Effect.succeed(found.value)
    : Effect.fail(new CliError({ reason: "malformed-argument", advice }))

/** People by npub, nprofile or hex, each once. */
export const readPeople = (
  given: ReadonlyArray<string>,
): Effect.Effect<ReadonlyArray<PublicKey>, CliError> =>
  Effect.map(
    Effect.forEach(given, (text) =>
      parsed(
        PublicKey.option(text),
        "that is not a public key; give npub1..., nprofile1... or 64 hex characters",
      )),
    (people) => [...new Set(people)],
  )

/** Relays by address, each once. */
export const readRelays = (
  given: ReadonlyArray<string>,
): Effect.Effect<ReadonlyArray<RelayUrl>, CliError> =>
  Effect.map(
    Effect.forEach(given, (text) =>
      parsed(RelayUrl.option(text), "that is not a relay; give a ws:// or wss:// address")),
    (relays) => [...new Set(relays)],
  )

/** A message by its whole id. */
export const readMessageId = (given: string): Effect.Effect<MessageId, CliError> =>
  parsed(MessageId.option(given), "that is not a message id; give its 64 hex characters")
