import assert from "node:assert/strict"
import { describe, test } from "node:test"
import {
  type MlsGroup,
  parseKeyPackage,
  processMessage,
} from "../../../packages/core/src/mls/mod.ts"
import { add, commitOf, crypto, follow, groupOf, joinOf, person, remove } from "./our_group.ts"
import { addProposal, removeProposal, TsMlsMember } from "./ts_mls_member.ts"

// With the left half blank the root is not on the filtered direct path. RFC 9420 section 7.4 counts
// the commit secret from the last path secret that is sent, not from the root. OpenMLS agrees with
// us (scenario S8 of the interop tests); ts-mls derives one step too many.
describe("N1: commit secret when half of the tree is blank", () => {
  test("ours and ours agree", () => {
    const groups = groupOf(4)
    const removal = commitOf(groups[2] as MlsGroup, remove(0), remove(1))
    const other = follow(groups[3] as MlsGroup, removal.message)
    assert.deepEqual(other.epochAuthenticator, removal.next.epochAuthenticator)
    const back = commitOf(other, add(person("again")))
    assert.deepEqual(
      follow(removal.next, back.message).epochAuthenticator,
      back.next.epochAuthenticator,
    )
  })

  test("ts-mls forks from us as the committer", async () => {
    const [zero, one, two] = [
      await TsMlsMember.start("zero"),
      await TsMlsMember.start("one"),
      await TsMlsMember.start("two"),
    ]
    const three = person("three")
    await zero.create(new Uint8Array(32))
    const { welcome } = await zero.commit(
      [one.keyPackage(), two.keyPackage(), three.message].map(addProposal),
    )
    assert.ok(welcome)
    await two.join(welcome)
    const ours = joinOf(welcome, three)
    const { commit: control } = await two.commit([])
    const next = follow(ours, control)
    assert.deepEqual(next.epochAuthenticator, two.state.keySchedule.epochAuthenticator)
    const { commit } = await two.commit([removeProposal(0), removeProposal(1)])
    assert.throws(() => processMessage(next, commit), { reason: "bad-confirmation-tag" })
  })

  test("and as the receiver", async () => {
    const three = await TsMlsMember.start("three")
    const groups = groupOf(3)
    const adding = commitOf(groups[0] as MlsGroup, {
      type: "add",
      keyPackage: parseKeyPackage(crypto, three.keyPackage(), {}),
    })
    assert.ok(adding.welcome)
    await three.join(adding.welcome)
    const two = follow(groups[2] as MlsGroup, adding.message)
    const control = commitOf(two, add(person("control")))
    await three.receive(control.message)
    assert.deepEqual(three.state.keySchedule.epochAuthenticator, control.next.epochAuthenticator)
    const out = commitOf(control.next, remove(4))
    await three.receive(out.message)
    const removal = commitOf(out.next, remove(0), remove(1))
    await assert.rejects(three.receive(removal.message))
  })
})
