import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { stateOf } from "../../../packages/core/src/mls/group.ts"
import { expandWithLabel } from "../../../packages/core/src/mls/labeled.ts"
import {
  commit,
  encodeState,
  isSharedPart,
  type MlsGroup,
  processMessage,
} from "../../../packages/core/src/mls/mod.ts"
import { ratchetsOf } from "../../../packages/core/src/mls/secret_tree.ts"
import { crypto, entropy, follow, groupOf, say } from "./our_group.ts"
import { addProposal, TsMlsMember } from "./ts_mls_member.ts"

function nextSecret(secret: Uint8Array, generation: number): Uint8Array {
  return expandWithLabel(crypto, secret, "secret", Uint8Array.of(0, 0, 0, generation), 32)
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return true
  }
  return false
}

async function tsMlsPair(retainKeysForEpochs = 4): Promise<[TsMlsMember, TsMlsMember]> {
  const retention = {
    retainKeysForGenerations: 10,
    retainKeysForEpochs,
    maximumForwardRatchetSteps: 200,
  }
  const alice = await TsMlsMember.start("alice", { retention })
  const bob = await TsMlsMember.start("bob", { retention })
  await alice.create(new Uint8Array(32))
  const { welcome } = await alice.commit([addProposal(bob.keyPackage())])
  assert.ok(welcome)
  await bob.join(welcome)
  return [alice, bob]
}

describe("N4: keys of messages that were skipped", () => {
  test("ts-mls keeps a secret from which all later keys follow", async () => {
    const [alice, bob] = await tsMlsPair()
    for (let i = 0; i < 2; i++) await alice.send(new Uint8Array(1))
    await bob.receive(await alice.send(new Uint8Array(1)))
    const ratchet = bob.state.secretTree[0]?.application
    assert.ok(ratchet)
    let secret = ratchet.unusedGenerations[0]
    assert.ok(secret)
    for (let generation = 0; generation < 3; generation++) secret = nextSecret(secret, generation)
    assert.deepEqual(secret, ratchet.secret)
  })

  test("here only key and nonce are kept, in memory and in what is stored", () => {
    const [alice, bob] = groupOf(2) as [MlsGroup, MlsGroup]
    const past: Array<Uint8Array> = []
    let secret = ratchetsOf(crypto, stateOf(bob).secretTree, 0).application.secret.slice()
    let sender = alice
    let last = new Uint8Array(0)
    for (let generation = 0; generation < 5; generation++) {
      past.push(secret)
      secret = nextSecret(secret, generation) as Uint8Array<ArrayBuffer>
      const said = say(sender, `message ${generation}`)
      sender = said.group
      last = said.message as Uint8Array<ArrayBuffer>
    }
    const read = processMessage(bob, last)
    assert.equal(read.kind, "application")
    const { application } = ratchetsOf(crypto, stateOf(read.group).secretTree, 0)
    assert.deepEqual(application.secret, secret)
    assert.deepEqual(application.skipped.map((k) => k.bytes.length), [28, 28, 28, 28])
    const stored = [...encodeState(read.group).values()]
    assert.ok(stored.some((part) => contains(part, secret)), "the search finds what is there")
    for (const old of past) {
      assert.ok(!stored.some((part) => contains(part, old)))
      assert.ok(!application.skipped.some((k) => contains(old, k.bytes.subarray(0, 16))))
    }
  })
})

describe("N5: keys of past epochs", () => {
  test("ts-mls keeps all of them when told to keep none", async () => {
    const [alice, bob] = await tsMlsPair(0)
    const early = await alice.send(new Uint8Array(1))
    for (let i = 0; i < 6; i++) await bob.receive((await alice.commit([])).commit)
    assert.equal(bob.state.historicalReceiverData.size, 6)
    assert.equal((await bob.receive(early)).kind, "applicationMessage")
  })

  test("here a value has the keys of its own epoch and no others", () => {
    const [alice, bob] = groupOf(2) as [MlsGroup, MlsGroup]
    const early = say(alice, "early").message
    const exporters: Array<Uint8Array> = []
    let [sender, reader] = [alice, bob]
    let sizes = new Set<number>()
    for (let i = 0; i < 6; i++) {
      exporters.push(stateOf(reader).secrets.exporter.bytes.slice())
      const made = commit(sender, { entropy, path: "force" })
      reader = follow(reader, made.message)
      sender = made.next
      sizes = sizes.add(secretBytes(reader))
    }
    assert.throws(() => processMessage(reader, early), { reason: "wrong-epoch" })
    assert.equal(sizes.size, 1, "what is stored does not grow")
    const stored = [...encodeState(reader).values()]
    for (const old of exporters) assert.ok(!stored.some((part) => contains(part, old)))
  })
})

function secretBytes(group: MlsGroup): number {
  let sum = 0
  for (const [name, part] of encodeState(group)) if (!isSharedPart(name)) sum += part.length
  return sum
}
