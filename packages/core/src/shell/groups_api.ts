/**
 * `mdk.groups` and `mdk.account`.
 *
 * @module
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { GroupError, InviteError, type ServiceError } from "../api/errors.ts"
import type { GroupId, PublicKey, RelayUrl } from "../api/ids.ts"
import type { AccountApi, GroupsApi, NewGroup } from "../api/service.ts"
import type { Group, Reach } from "../api/values.ts"
import { isRelayUrl, maxRelays } from "../components/mod.ts"
import { foundingRequirement, GROUPS, requirementOf, tipOf } from "../group/mod.ts"
import type { LeafRequirement } from "../key-package/mod.ts"
import type { Account } from "./account.ts"
import { accountRelays } from "./account_relays.ts"
import { pageRows, type RowList } from "./cursor.ts"
import { attemptGroup } from "./engine_failure.ts"
import { foundGroup, inviteToGroup } from "./group_changes.ts"
import { groupOfRow, readGroup } from "./group_reader.ts"
import { changeHandle, type Guard } from "./handles.ts"
import { rotateKeyPackages } from "./own_key_packages.ts"
import { inertError } from "./outgoing_messages.ts"
import { type Invitee, lookUp, type Unreachable } from "./peers.ts"

/** Most people that one call names. */
const MAX_PEOPLE = 1000

/** Makes `mdk.account`. */
export const makeAccountApi = (account: Account, guard: Guard): AccountApi => ({
  publicKey: account.runtime.self,
  relays: guard(
    Effect.map(accountRelays(account.runtime), ({ inbox }) => inbox as ReadonlyArray<RelayUrl>),
  ),
  rotateKeyPackages: guard(rotateKeyPackages(account.runtime, account.device)),
})

/** Makes `mdk.groups`. */
export const makeGroupsApi = (account: Account, guard: Guard): GroupsApi => {
  const { runtime, store, changes } = account
  return {
    create: (wanted) => guard(create(account, guard, wanted)),
    get: (id) => guard(readGroup(runtime.storage, id)),
    page: (query) =>
      guard(Effect.gen(function* () {
        const status = query?.where?.status
        const list: RowList = {
          list: status === undefined ? "groups" : `groups ${status}`,
          collection: GROUPS.name,
          index: status === undefined ? "newest" : "status",
          equals: status === undefined ? [] : [status],
        }
        const { rows, around } = yield* pageRows<Group, unknown>(runtime.storage, list, query)
        const items = yield* Effect.forEach(rows, (row) => groupOfRow(runtime.storage, row))
        return { items, ...around }
      })),
    invite: (id, who, options) =>
      guard(Effect.gen(function* () {
        const requirement = yield* store.locked(id)(inviteRequirement(account, id))
        const found = yield* lookUp(runtime, yield* people(runtime.self, who), requirement)
        const invitees = yield* reachable(found, false)
        const intent = yield* inviteToGroup(changes, id, invitees, options?.again === true)
        return changeHandle(runtime, guard, intent)
      })),
    reach: (who) =>
      guard(Effect.map(
        lookUp(runtime, [...new Set(who)], newGroupRequirement(account)),
        (found) =>
          new Map([...found].map(([key, entry]): [PublicKey, Reach] => [key, reachOf(entry)])),
      )),
  }
}

const reachOf = (entry: Invitee | Unreachable): Reach =>
  typeof entry === "object" ? "ready" : entry === "expired" ? "no-key-package" : entry

/** What every new group requires, whatever is chosen. */
const newGroupRequirement = ({ runtime, changes }: Account): LeafRequirement =>
  foundingRequirement(changes.profile, {
    name: "",
    description: "",
    founder: runtime.self,
    nostrGroupId: "0".repeat(64),
    relays: ["wss://relay.invalid"],
    retention: undefined,
  })

/** What a group requires; the caller holds its lock. Refuses early what would be refused later. */
const inviteRequirement = Effect.fnUntraced(function* ({ store, runtime }: Account, id: GroupId) {
  const group = yield* store.load(id)
  const tip = tipOf(group)
  if (tip === undefined) return yield* inertError(group)
  if (!tip.view.admins.includes(runtime.self)) return yield* new GroupError({ reason: "not-admin" })
  return requirementOf(tip)
})

const people = (
  self: PublicKey,
  who: ReadonlyArray<PublicKey>,
): Effect.Effect<ReadonlyArray<PublicKey>, GroupError | InviteError> => {
  const unique = [...new Set(who)]
  if (unique.includes(self)) return Effect.fail(new InviteError({ reason: "already-member" }))
  return unique.length < 1 || unique.length > MAX_PEOPLE
    ? Effect.fail(new GroupError({ reason: "invalid-argument" }))
    : Effect.succeed(unique)
}

const reachable = (
  found: ReadonlyMap<PublicKey, Invitee | Unreachable>,
  skip: boolean,
): Effect.Effect<ReadonlyArray<Invitee>, InviteError> => {
  const entries = [...found.values()]
  const missing = entries.find((entry): entry is Unreachable => typeof entry === "string")
  return missing === undefined || skip
    ? Effect.succeed(entries.filter((entry): entry is Invitee => typeof entry === "object"))
    : Effect.fail(new InviteError({ reason: missing }))
}

const create = Effect.fn("Mdk.groups.create")(function* (
  account: Account,
  guard: Guard,
  wanted: NewGroup,
) {
  const { runtime, changes } = account
  const relays = yield* groupRelays(account, wanted.relays)
  const retention = yield* retentionOf(wanted.retention)
  const choice = {
    name: wanted.name,
    description: wanted.description ?? "",
    relays,
    retention,
  }
  const requirement = yield* attemptGroup(() =>
    foundingRequirement(changes.profile, {
      ...choice,
      founder: runtime.self,
      nostrGroupId: "0".repeat(64),
    })
  )
  const who = wanted.invite ?? []
  const invitees = who.length === 0 ? [] : yield* reachable(
    yield* lookUp(runtime, yield* people(runtime.self, who), requirement),
    wanted.skipUnreachable === true,
  )
  const made = yield* foundGroup(changes, { ...choice, invitees })
  const group = yield* readGroup(runtime.storage, made.group)
  return { group, change: changeHandle(runtime, guard, made.intent) }
})

const groupRelays = (
  { runtime }: Account,
  given: ReadonlyArray<string> | undefined,
): Effect.Effect<ReadonlyArray<string>, GroupError | ServiceError> =>
  Effect.gen(function* () {
    const relays = given ?? (yield* accountRelays(runtime)).write
    const unique = [...new Set(relays)]
    const fine = unique.length >= 1 && unique.length <= maxRelays && unique.every(isRelayUrl)
    if (!fine) return yield* new GroupError({ reason: "invalid-argument" })
    return unique
  })

const retentionOf = (
  given: Duration.Input | undefined,
): Effect.Effect<bigint | undefined, GroupError> => {
  if (given === undefined) return Effect.succeed(undefined)
  const seconds = Duration.toSeconds(Duration.fromInputUnsafe(given))
  return Number.isSafeInteger(seconds) && seconds >= 1
    ? Effect.succeed(BigInt(seconds))
    : Effect.fail(new GroupError({ reason: "invalid-argument" }))
}
