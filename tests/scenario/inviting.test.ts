import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type GroupError, type InviteError, PublicKey, type ServiceError } from "@mdk/core"
import { acceptAll, groupOf, inWorld, textsOf } from "./in_world.ts"

const members = ["ann", "bob", "cleo"] as const
const NOBODY = PublicKey.parse("f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9")

describe("inviting", () => {
  it("shows who invites, and joins only when accepted", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        const { group, change } = yield* world.ann.groups.create({
          name: "Tea",
          invite: [world.bob.account.publicKey],
        })
        assert.equal(yield* change.applied, 1n)
        yield* world.settle
        assert.equal((yield* change.published).accepted, 1)
        const welcomes = yield* change.welcomes
        assert.equal(welcomes.get(world.bob.account.publicKey)?._tag, "Published")
        const [invite] = (yield* world.bob.invites.page()).items
        assert.equal(invite?.from, world.ann.account.publicKey)
        assert.equal(invite?.known, false)
        assert.deepEqual(invite?.group.name, "Tea")
        assert.deepEqual(invite?.group.members, group.members)
        assert.deepEqual((yield* world.bob.groups.page()).items, [])
        const bob = yield* world.restart("bob")
        assert.equal((yield* bob.invites.page()).items.length, 1)
        yield* bob.invites.accept(invite!.id)
        const gone = yield* Effect.flip(bob.invites.accept(invite!.id))
        assert.equal(gone.reason, "unknown-invite")
        assert.equal((yield* bob.groups.get(group.id)).status, "active")
      })))

  it("joins what was left waiting when the account is opened to accept everything", () =>
    inWorld({ members: ["ann", "bob", "cleo"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        for (const [name, from] of [["one", world.ann], ["two", world.cleo]] as const) {
          yield* from.groups.create({ name, invite: [world.bob.account.publicKey] })
        }
        yield* world.settle
        assert.equal((yield* world.bob.invites.page()).items.length, 2)
        const bob = yield* world.restart("bob", { invites: "all" })
        yield* world.settle
        assert.deepEqual((yield* bob.invites.page()).items, [])
        const joined = (yield* bob.groups.page()).items
        assert.deepEqual(joined.map(({ name }) => name).toSorted(), ["one", "two"])
        yield* world.ann.messages.send(
          joined.find(({ name }) => name === "one")!.id,
          "welcome",
        )
        yield* world.settle
        assert.deepEqual(
          yield* textsOf(bob, joined.find(({ name }) => name === "one")!.id),
          ["welcome"],
        )
      })))

  it("forgets what is declined, and says so to nobody", () =>
    inWorld({ members: ["ann", "bob"] }, (world) =>
      Effect.gen(function* () {
        yield* world.ann.groups.create({ name: "Tea", invite: [world.bob.account.publicKey] })
        yield* world.settle
        const [invite] = (yield* world.bob.invites.page()).items
        yield* world.bob.invites.decline(invite!.id)
        yield* world.restart("bob")
        yield* world.settle
        assert.deepEqual((yield* world.bob.invites.page()).items, [])
        assert.deepEqual((yield* world.bob.groups.page()).items, [])
      })))

  it("holds messages behind its own commit, and lets a restart change nothing", () =>
    inWorld({ members, relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const cleo = world.cleo.account.publicKey
        const [relay] = world.relays.network.relays
        relay!.setRefusal("rate-limited: slow down")
        const change = yield* world.ann.groups.invite(group.id, [cleo])
        const sent = yield* world.ann.messages.send(group.id, "welcome, Cleo")
        yield* world.settle
        assert.deepEqual(yield* sent.state, { _tag: "Held", why: "own-change-pending" })
        assert.equal((yield* change.state)._tag, "Unconfirmed")
        const before = yield* world.ann.groups.get(group.id)
        assert.equal(before.members.length, 2)
        const ann = yield* world.restart("ann")
        yield* world.settle
        assert.equal((yield* ann.groups.get(group.id)).members.length, 2)
        relay!.setRefusal(undefined)
        yield* world.settle
        assert.deepEqual((yield* ann.groups.get(group.id)).members.length, 3)
        yield* acceptAll(world.cleo)
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.bob, group.id), ["[member_added]", "welcome, Cleo"])
        assert.deepEqual(yield* textsOf(world.cleo, group.id), ["welcome, Cleo"])
        const commits = relay!.query([{ kinds: [445] }], [], 2_000_000_000)
        assert.equal(commits.length, 2)
        const wraps = relay!.query([{ kinds: [1059] }], [world.bob.account.publicKey, cleo], 2e9)
        assert.equal(wraps.length, 2)
      })))

  it("abandons a commit that every relay refuses, and goes on", () =>
    inWorld({ members, relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const [relay] = world.relays.network.relays
        relay!.setRefusal("blocked: no")
        const change = yield* world.ann.groups.invite(group.id, [world.cleo.account.publicKey])
        const sent = yield* world.ann.messages.send(group.id, "still here")
        yield* world.settle
        assert.deepEqual(yield* change.state, { _tag: "Failed", reason: "all-relays-refused" })
        assert.equal((yield* Effect.flip(change.applied)).reason, "failed")
        relay!.setRefusal(undefined)
        assert.equal((yield* world.ann.groups.get(group.id)).members.length, 2)
        void sent
        yield* world.ann.messages.send(group.id, "and on we go")
        yield* world.settle
        assert.ok((yield* textsOf(world.bob, group.id)).includes("and on we go"))
        const again = yield* world.ann.groups.invite(group.id, [world.cleo.account.publicKey])
        yield* world.settle
        assert.equal(yield* again.applied, 2n)
      })))

  it("applies two changes in a row, the second after the first", () =>
    inWorld(
      { members: ["ann", "bob", "cleo", "dora"], relays: 1 },
      (world) =>
        Effect.gen(function* () {
          const group = yield* groupOf(world, "ann", ["bob"])
          const one = yield* world.ann.groups.invite(group.id, [world.cleo.account.publicKey])
          const two = yield* world.ann.groups.invite(group.id, [world.dora.account.publicKey])
          const waiting = yield* Effect.forkChild(two.applied)
          yield* world.settle
          assert.equal(yield* one.applied, 2n)
          assert.equal(yield* Fiber.join(waiting), 3n)
          yield* acceptAll(world.cleo)
          yield* acceptAll(world.dora)
          yield* world.settle
          yield* world.dora.messages.send(group.id, "all here")
          yield* world.settle
          for (const name of ["ann", "bob", "cleo"] as const) {
            assert.ok((yield* textsOf(world.member(name), group.id)).includes("all here"), name)
          }
          assert.equal((yield* world.bob.groups.get(group.id)).members.length, 4)
        }),
    ))

  it("says who cannot be invited, and why", () =>
    inWorld({ members, relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        const bob = world.bob.account.publicKey
        const cleo = world.cleo.account.publicKey
        const reach = yield* world.ann.groups.reach([NOBODY, bob])
        assert.deepEqual([reach.get(NOBODY), reach.get(bob)], ["no-key-package", "ready"])
        const reasons: Array<string> = []
        const attempts: ReadonlyArray<
          Effect.Effect<unknown, GroupError | InviteError | ServiceError>
        > = [
          world.ann.groups.create({ name: "x", invite: [NOBODY] }),
          world.ann.groups.create({ name: "x", invite: [world.ann.account.publicKey] }),
          world.ann.groups.create({ name: "x".repeat(257) }),
          world.ann.groups.create({ name: "x", relays: [] }),
          world.ann.groups.invite(group.id, [bob]),
          world.bob.groups.invite(group.id, [cleo]),
        ]
        for (const attempt of attempts) reasons.push((yield* Effect.flip(attempt)).reason)
        assert.deepEqual(reasons, [
          "no-key-package",
          "already-member",
          "invalid-argument",
          "invalid-argument",
          "already-member",
          "not-admin",
        ])
        const made = yield* world.ann.groups.create({
          name: "with whom it works",
          invite: [NOBODY, cleo],
          skipUnreachable: true,
        })
        assert.deepEqual(made.group.members.length, 2)
        assert.equal((yield* world.ann.groups.page()).items.length, 2)
      })))

  it("changes nothing for a second Welcome to a group that was joined", () =>
    inWorld({ members: ["ann", "bob"], relays: 1 }, (world) =>
      Effect.gen(function* () {
        const group = yield* groupOf(world, "ann", ["bob"])
        yield* world.ann.messages.send(group.id, "one")
        yield* world.settle
        // The relay gives everything again to a database that forgot how far it was.
        world.relays.network.cut()
        yield* world.settle
        assert.deepEqual((yield* world.bob.invites.page()).items, [])
        yield* world.bob.messages.send(group.id, "two")
        yield* world.settle
        assert.deepEqual(yield* textsOf(world.ann, group.id), ["one", "two"])
      })))
})
