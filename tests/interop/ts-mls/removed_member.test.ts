import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { initializeEpoch } from "ts-mls/keySchedule.js"
import { stateOf } from "../../../packages/core/src/mls/group.ts"
import { type MlsGroup, processMessage } from "../../../packages/core/src/mls/mod.ts"
import { guessNextEpoch, openedByOldKeys } from "./attack.ts"
import {
  add,
  commitOf,
  follow,
  groupOf,
  joinOf,
  person,
  receiveCommit,
  remove,
  say,
} from "./our_group.ts"
import { addProposal, removeProposal, TsMlsMember, tsMlsSuite } from "./ts_mls_member.ts"

const zeros = new Uint8Array(32)

const initOf = (group: MlsGroup): Uint8Array => stateOf(group).secrets.init.bytes.slice()

describe("a removed member cannot compute what comes next", () => {
  test("P1, N2: the sole survivor's commit secret is known in ts-mls", async () => {
    const suite = await tsMlsSuite()
    const [alice, bob] = [await TsMlsMember.start("alice"), await TsMlsMember.start("bob")]
    await alice.create(zeros)
    const { welcome } = await alice.commit([addProposal(bob.keyPackage())])
    assert.ok(welcome)
    await bob.join(welcome)
    let stolen = bob.state.keySchedule
    const guess = async () => {
      const context = alice.state.groupContext
      const epoch = await initializeEpoch(stolen.initSecret, zeros, context, zeros, suite.kdf)
      stolen = epoch.keySchedule
      return stolen.exporterSecret
    }
    await alice.commit([removeProposal(1)])
    assert.deepEqual(await guess(), alice.state.keySchedule.exporterSecret)
    for (const name of ["carol", "dave"]) {
      await alice.commit([addProposal((await TsMlsMember.start(name)).keyPackage())])
      assert.deepEqual(await guess(), alice.state.keySchedule.exporterSecret)
    }
  })

  test("P1, N2: and is fresh here, also two pathless Adds later", () => {
    const [alice, bob] = groupOf(2) as [MlsGroup, MlsGroup]
    const removal = commitOf(alice, remove(1))
    assert.equal(removal.preview.hasPath, true)
    let stolen = guessNextEpoch(initOf(bob), removal.next.contextBytes)
    assert.notDeepEqual(stolen.epochAuthenticator.bytes, removal.next.epochAuthenticator)
    let group = removal.next
    for (const name of ["carol", "dave"]) {
      const adding = commitOf(group, add(person(name)))
      assert.equal(adding.preview.hasPath, false)
      stolen = guessNextEpoch(stolen.init.bytes, adding.next.contextBytes)
      assert.notDeepEqual(stolen.epochAuthenticator.bytes, adding.next.epochAuthenticator)
      group = adding.next
    }
  })

  test("the attack is real: it succeeds for a member who is still there", () => {
    const [alice, bob] = groupOf(2) as [MlsGroup, MlsGroup]
    const adding = commitOf(alice, add(person("carol")))
    const guess = guessNextEpoch(initOf(bob), adding.next.contextBytes)
    assert.deepEqual(guess.epochAuthenticator.bytes, adding.next.epochAuthenticator)
  })

  test("P2: nor with the keys of a larger group", () => {
    for (const size of [3, 4, 5, 8]) {
      const groups = groupOf(size)
      for (let gone = 1; gone < size; gone++) {
        const victim = groups[gone] as MlsGroup
        const { message, next, preview } = commitOf(groups[0] as MlsGroup, remove(gone))
        const guess = guessNextEpoch(initOf(victim), next.contextBytes)
        assert.notDeepEqual(guess.epochAuthenticator.bytes, next.epochAuthenticator)
        assert.equal(openedByOldKeys(victim, message, preview), 0)
        const other = groups.findIndex((_, i) => i !== 0 && i !== gone)
        assert.ok(openedByOldKeys(groups[other] as MlsGroup, message, preview) > 0)
      }
    }
  })

  test("P3: nor when a new member takes the leaf in the same commit", () => {
    for (const size of [2, 3, 4, 5]) {
      const groups = groupOf(size)
      for (let gone = 1; gone < size; gone++) {
        const victim = groups[gone] as MlsGroup
        const newcomer = person("newcomer")
        const { message, next, preview, welcome } = commitOf(
          groups[0] as MlsGroup,
          remove(gone),
          add(newcomer),
        )
        assert.equal(joinOf(welcome, newcomer).ownLeaf, gone)
        assert.equal(openedByOldKeys(victim, message, preview), 0)
        const guess = guessNextEpoch(initOf(victim), next.contextBytes)
        assert.notDeepEqual(guess.epochAuthenticator.bytes, next.epochAuthenticator)
      }
    }
  })

  test("P6: it learns of its removal, gets no next state, and reads no further message", () => {
    const [alice, bob, carol] = groupOf(3) as [MlsGroup, MlsGroup, MlsGroup]
    const removal = commitOf(alice, remove(1))
    const { next, preview } = receiveCommit(bob, removal.message)
    assert.equal(next, undefined)
    assert.equal(preview.ownRemoval, true)
    const { message } = say(removal.next, "secret")
    assert.throws(() => processMessage(bob, message), { reason: "wrong-epoch" })
    const read = processMessage(follow(carol, removal.message), message)
    assert.equal(read.kind, "application")
  })
})

describe("a leaf that is used again in the commit that vacates it", () => {
  test("P5, N3: ts-mls does not tell the member who was there", async () => {
    const [alice, bob] = [await TsMlsMember.start("alice"), await TsMlsMember.start("bob")]
    const dave = await TsMlsMember.start("dave")
    await alice.create(zeros)
    const { welcome } = await alice.commit([addProposal(bob.keyPackage())])
    assert.ok(welcome)
    await bob.join(welcome)
    const { commit } = await alice.commit([removeProposal(1), addProposal(dave.keyPackage())])
    let told = false
    try {
      const { newState } = await bob.receive(commit)
      told = newState.groupActiveState.kind === "removedFromGroup"
    } catch {
      // An internal error is no answer either.
    }
    assert.equal(told, false)
  })

  test("P5, N3: here it is told, and the newcomer joins", () => {
    for (const size of [2, 3, 5]) {
      const groups = groupOf(size)
      const newcomer = person("dave")
      const made = commitOf(groups[0] as MlsGroup, remove(1), add(newcomer))
      const { next, preview } = receiveCommit(groups[1] as MlsGroup, made.message)
      assert.equal(next, undefined)
      assert.equal(preview.ownRemoval, true)
      assert.deepEqual(preview.removed.map((r) => r.member.leafIndex), [1])
      assert.deepEqual(preview.added.map((m) => m.leafIndex), [1])
      const joined = joinOf(made.welcome, newcomer)
      assert.deepEqual(joined.epochAuthenticator, made.next.epochAuthenticator)
    }
  })
})
