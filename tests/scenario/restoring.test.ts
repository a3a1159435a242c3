import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type {
  ArgumentError,
  Group,
  GroupError,
  InviteError,
  MdkOptions,
  MdkService,
  ServiceError,
} from "@mdk/core"
import type { MemoryDisk } from "@mdk/storage-memory"
import type { World } from "@mdk/testing"
import * as Effect from "effect/Effect"
import { acceptAll, collect, groupOf, inWorld, textsOf } from "./in_world.ts"

type MdkFailure = ArgumentError | GroupError | InviteError | ServiceError

const CLOSING: MdkOptions = { restored: "close-groups" }

/** Ann founded, Bob joined, both wrote; a backup of Bob, and what was said after it. */
const withBackup = (world: World<"ann" | "bob">) =>
  Effect.gen(function* () {
    const group = yield* groupOf(world, "ann", ["bob"])
    yield* world.ann.messages.send(group.id, "from ann")
    yield* world.settle
    yield* world.bob.messages.send(group.id, "from bob")
    yield* world.settle
    const backup = yield* world.backup("bob")
    yield* world.bob.messages.send(group.id, "after the backup")
    yield* world.settle
    return { group, backup }
  })

/** Ann invites Bob anew, who accepts. */
const invitedAgain = (world: World<"ann" | "bob">, group: Group) =>
  Effect.gen(function* () {
    const bob = world.bob.account.publicKey
    yield* world.ann.groups.invite(group.id, [bob], { again: true })
    yield* world.settle
    const joined = yield* acceptAll(world.bob)
    yield* world.settle
    return joined
  })

const refused = (world: World<"ann" | "bob">, backup: MemoryDisk, options?: MdkOptions) =>
  Effect.map(
    Effect.flip(world.restore("bob", backup, options)),
    ({ _tag, reason }) => `${_tag} ${reason}`,
  )

const statuses = (mdk: MdkService) =>
  Effect.map(mdk.groups.page(), ({ items }) => items.map(({ status }) => status))

describe("a restored backup", () => {
  it("is not opened unless one asks for it, and stays as it is", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { backup } = yield* withBackup(world)
        for (const options of [undefined, {}, { restored: "refuse" }] as const) {
          assert.equal(yield* refused(world, backup, options), "OpenError restored-copy")
        }
        const bob = yield* Effect.orDie(world.restore("bob", backup, CLOSING))
        assert.deepEqual(yield* statuses(bob), ["unrecoverable"])
        // From here on it is a database like any other.
        const again = yield* Effect.orDie(world.restart("bob"))
        assert.deepEqual(yield* statuses(again), ["unrecoverable"])
      })))

  it("shows names and history, sends nothing, and says why", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { group, backup } = yield* withBackup(world)
        const bob = yield* Effect.orDie(world.restore("bob", backup, CLOSING))
        yield* world.settle
        const read = yield* bob.groups.get(group.id)
        assert.deepEqual([read.name, read.members.length], ["Burrow", 2])
        assert.deepEqual(yield* textsOf(bob, group.id), ["from ann", "from bob"])
        const [last] = (yield* bob.messages.page(group.id)).items
        for (
          const call of [
            bob.messages.send(group.id, "x"),
            bob.messages.edit(last!.id, "x"),
            bob.messages.react(last!.id, "+"),
            bob.groups.invite(group.id, [world.ann.account.publicKey]),
          ]
        ) {
          const error = yield* Effect.flip(call as Effect.Effect<unknown, MdkFailure>)
          assert.deepEqual([error._tag, error.reason], ["GroupError", "unrecoverable"])
        }
        yield* world.ann.messages.send(group.id, "do you hear me?")
        yield* world.settle
        assert.equal((yield* textsOf(bob, group.id)).length, 2)
      })))

  it("goes on with the old history under the same id after a fresh invitation", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { group, backup } = yield* withBackup(world)
        yield* Effect.orDie(world.restore("bob", backup, CLOSING))
        yield* world.settle
        const bob = world.bob.account.publicKey
        const member = yield* Effect.flip(world.ann.groups.invite(group.id, [bob]))
        assert.equal(member.reason, "already-member")
        const [joined] = yield* invitedAgain(world, group)
        assert.deepEqual([joined?.id, joined?.status], [group.id, "active"])
        yield* world.bob.messages.send(group.id, "back again")
        yield* world.settle
        yield* world.ann.messages.send(group.id, "welcome back")
        yield* world.settle
        const told = ["from ann", "from bob", "back again", "welcome back"]
        assert.deepEqual(yield* textsOf(world.bob, group.id), told)
        assert.deepEqual(
          yield* textsOf(world.ann, group.id),
          [...told.slice(0, 2), "after the backup", ...told.slice(2)],
        )
        assert.equal((yield* world.ann.groups.get(group.id)).members.length, 2)
        yield* world.restart("bob")
        yield* world.bob.messages.send(group.id, "after a restart")
        yield* world.settle
        assert.equal((yield* textsOf(world.ann, group.id)).at(-1), "after a restart")
      })))

  it("can be restored a second time, and what was left behind cannot be read with it", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { group, backup } = yield* withBackup(world)
        for (const turn of ["one", "two"]) {
          yield* Effect.orDie(world.restore("bob", backup, CLOSING))
          yield* world.settle
          yield* invitedAgain(world, group)
          yield* world.bob.messages.send(group.id, turn)
          yield* world.settle
        }
        assert.deepEqual((yield* textsOf(world.ann, group.id)).slice(-2), ["one", "two"])
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["from ann", "from bob", "two"])
      })))

  it("forgets invitations: their Welcome may have been used since", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { group } = yield* world.ann.groups.create({
          name: "Tea",
          invite: [world.bob.account.publicKey],
        })
        yield* world.settle
        const backup = yield* world.backup("bob")
        yield* acceptAll(world.bob)
        yield* world.bob.messages.send(group.id, "joined")
        yield* world.settle
        const bob = yield* Effect.orDie(world.restore("bob", backup, CLOSING))
        yield* world.settle
        assert.deepEqual((yield* bob.invites.page()).items, [])
        assert.deepEqual(yield* statuses(bob), [])
        // The relay gives the old Welcome again; only the fresh one opens.
        const [joined] = yield* invitedAgain(world, group)
        assert.equal(joined?.id, group.id)
        yield* bob.messages.send(group.id, "joined anew")
        yield* world.settle
        assert.deepEqual((yield* textsOf(world.ann, group.id)).slice(-2), ["joined", "joined anew"])
      })))

  it("of the only admin ends the group for them: a new one is founded", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { group } = yield* withBackup(world)
        const mine = yield* world.backup("ann")
        yield* Effect.orDie(world.restore("ann", mine, CLOSING))
        yield* world.settle
        const alone = yield* Effect.flip(
          world.bob.groups.invite(group.id, [world.ann.account.publicKey], { again: true }),
        )
        assert.deepEqual([alone._tag, alone.reason], ["GroupError", "not-admin"])
        const fresh = yield* groupOf(world, "ann", ["bob"], "fresh")
        yield* world.ann.messages.send(fresh.id, "here we go on")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, fresh.id), ["here we go on"])
        assert.deepEqual(yield* statuses(world.ann), ["active", "unrecoverable"])
      })))

  it("tells consumers, and ends what was still to be sent", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const [relay] = world.relays.network.relays
        relay!.setRefusal("rate-limited: slow down")
        const other = yield* world.ann.groups.create({
          name: "other",
          invite: [world.bob.account.publicKey],
        })
        // A commit on its way, a message behind it, a message on its way.
        yield* world.ann.groups.invite(group.id, [world.bob.account.publicKey], { again: true })
        const held = yield* world.ann.messages.send(group.id, "held")
        const queued = yield* world.ann.messages.send(other.group.id, "queued")
        assert.deepEqual(
          [(yield* held.state)._tag, (yield* queued.state)._tag],
          ["Held", "Queued"],
        )
        const consumed = yield* collect(world.ann, "bot", "first")
        yield* world.settle
        yield* consumed.stop
        const backup = yield* world.backup("ann")
        yield* world.close("bob")
        const before = relay!.query([{ kinds: [445, 1059] }], [], 2e9).length
        relay!.setRefusal(undefined)
        const ann = yield* Effect.orDie(world.restore("ann", backup, CLOSING))
        for (const { id } of [held, queued]) {
          const again = yield* ann.messages.handle(id)
          assert.deepEqual(yield* again.state, { _tag: "Failed", reason: "unrecoverable" })
          assert.equal((yield* Effect.flip(ann.messages.retry(id))).reason, "failed")
        }
        const after = yield* collect(ann, "bot")
        yield* world.settle
        yield* after.stop
        const told = after.seen.map((event) =>
          event._tag === "GroupChanged"
            ? event.what.join()
            : event._tag === "SendChanged"
            ? event.state._tag
            : event._tag
        )
        assert.deepEqual(told.toSorted(), [
          ...Array.from({ length: 4 }, () => "Failed"),
          "status",
          "status",
        ])
        const [message] = (yield* ann.messages.page(group.id)).items
        assert.deepEqual(message?.send, { _tag: "Failed", reason: "unrecoverable" })
        assert.equal(relay!.query([{ kinds: [445, 1059] }], [], 2e9).length, before)
        assert.equal((yield* ann.sync({ timeout: 0 })).unsent, 0)
      })))
})
