/**
 * Random lives of a group with members of both implementations. Equal seeds make equal choices.
 *
 * @module
 */
import assert from "node:assert/strict"
import { type Change, Conversation, type SentMessage } from "./conversation.ts"
import type { InteropMember, PlainProposal } from "./member.ts"
import { OurMember } from "./our_member.ts"
import type { PeerProcess } from "./peer_process.ts"
import { Choices } from "./seeded.ts"

/** What a walk is like. */
export interface WalkOptions {
  /** The OpenMLS process. */
  readonly peer: PeerProcess
  /** Seed of all choices. */
  readonly seed: number
  /** Number of operations. */
  readonly operations: number
  /** Largest group. */
  readonly maxMembers: number
  /** Who takes part; default both. With one side alone the walk checks itself. */
  readonly kinds?: ReadonlyArray<"ours" | "openmls">
}

const pastEpochs = 5

class Walk {
  readonly #choose: Choices
  readonly #group: Conversation
  readonly #maxMembers: number
  readonly #kinds: ReadonlyArray<"ours" | "openmls">
  #former: Array<InteropMember> = []
  #kept: Array<SentMessage> = []

  constructor(options: WalkOptions) {
    this.#choose = new Choices(options.seed)
    this.#maxMembers = options.maxMembers
    this.#kinds = options.kinds ?? ["ours", "openmls"]
    this.#group = new Conversation({
      peer: options.peer,
      seed: options.seed,
      dictionary: this.#choose.chance(0.75),
      privateHandshakes: this.#choose.chance(0.2),
      tampering: 0.2,
    })
  }

  async start(): Promise<void> {
    await this.#group.found(await this.#person())
    await this.#commit({ adds: await this.#people(this.#choose.between(1, 3)) })
  }

  /** One operation; returns its name. */
  async step(): Promise<string> {
    const [name, action] = this.#choose.one(this.#possible())
    await action.call(this)
    if (this.#choose.chance(0.3)) await this.#message()
    if (this.#choose.chance(0.2)) await this.#deliverKept()
    for (const member of this.#group.members) {
      if (member instanceof OurMember && this.#choose.chance(0.2)) member.reload()
    }
    return name
  }

  #possible(): ReadonlyArray<readonly [name: string, action: () => Promise<void>]> {
    const size = this.#group.members.length
    const room = this.#maxMembers - size
    return [
      ["self update", this.#selfUpdate],
      ["app data", this.#appData],
      ["extensions", this.#extensions],
      ["new leaf", this.#newLeaf],
      ["messages", this.#messages],
      ["dropped commit", this.#droppedCommit],
      ...(room > 0 ? [["add", this.#add] as const, ["add", this.#add] as const] : []),
      ...(size > 2 ? [["remove", this.#remove] as const] : []),
      ...(size > 2 ? [["add and remove", this.#addAndRemove] as const] : []),
      ...(size > 2 ? [["by reference", this.#byReference] as const] : []),
      ...(size > 2 ? [["by reference", this.#byReference] as const] : []),
      ...(size > 2 ? [["self remove", this.#selfRemove] as const] : []),
      ...(size > 1 ? [["two commits", this.#twoCommits] as const] : []),
      ...(size > 3 ? [["blank the left half", this.#blankLeftHalf] as const] : []),
      ...(size > 4 ? [["down to few", this.#downToFew] as const] : []),
    ]
  }

  async #selfUpdate(): Promise<void> {
    await this.#commit({ path: true })
  }

  async #add(): Promise<void> {
    const count = this.#choose.between(1, Math.min(3, this.#room()))
    await this.#commit({ adds: await this.#people(count), path: this.#choose.chance(0.4) })
  }

  async #remove(): Promise<void> {
    const from = this.#member()
    await this.#commit({ removes: this.#some(this.#except([from]), 2, 1) }, from)
  }

  async #addAndRemove(): Promise<void> {
    const from = this.#member()
    const removes = this.#some(this.#except([from]), 2, 1)
    const adds = await this.#people(
      this.#choose.between(1, Math.min(2, this.#room() + removes.length)),
    )
    await this.#commit({ removes, adds }, from)
  }

  async #appData(): Promise<void> {
    const from = this.#member()
    const extra = this.#choose.below(3)
    await this.#commit({
      proposals: this.#updates(),
      ...(extra === 1 && this.#room() > 0 ? { adds: await this.#people(1) } : {}),
      ...(extra === 2 && this.#group.members.length > 2
        ? { removes: this.#some(this.#except([from]), 1, 1) }
        : {}),
      path: this.#choose.chance(0.2),
    }, from)
  }

  async #extensions(): Promise<void> {
    const from = this.#member()
    const extra = this.#choose.below(4)
    const proposals: Array<PlainProposal> = [this.#extensionsProposal()]
    if (extra === 3) proposals.push(...this.#updates())
    await this.#commit({
      proposals,
      ...(extra === 1 && this.#room() > 0 ? { adds: await this.#people(1) } : {}),
      ...(extra === 2 && this.#group.members.length > 2
        ? { removes: this.#some(this.#except([from]), 1, 1) }
        : {}),
    }, from)
  }

  async #newLeaf(): Promise<void> {
    await this.#commit(
      this.#choose.chance(0.5) ? { new_signer: true, path: true } : {
        path: true,
        leaf_extensions: this.#choose.chance(0.3)
          ? []
          : [[0xff01, this.#choose.bytes(this.#choose.below(40))]],
      },
    )
  }

  async #byReference(): Promise<void> {
    const { members } = this.#group
    const from = this.#member()
    const free = this.#choose.shuffled(this.#except([from]))
    const noted: Array<PlainProposal> = []
    const leaves: Array<InteropMember> = []
    const adds: Array<InteropMember> = []
    const updates = this.#updates()
    let extensions = false
    for (let count = this.#choose.between(1, 4); count > 0; count--) {
      const proposer = this.#choose.one(members)
      switch (this.#choose.below(5)) {
        case 0: {
          const updater = free.pop()
          if (updater !== undefined) await this.#group.propose(updater, { type: "update" })
          break
        }
        case 1: {
          const target = free.pop()
          if (target === undefined || leaves.length + 2 >= members.length) break
          if (this.#choose.chance(0.3)) await this.#group.propose(target, { type: "update" })
          const proposal = { type: "remove", leaf: await target.leaf() } as const
          await this.#group.propose(proposer, proposal)
          leaves.push(target)
          break
        }
        case 2: {
          if (this.#room() - adds.length <= 0) break
          const [joiner] = await this.#people(1)
          assert.ok(joiner)
          const proposal = { type: "add", key_package: await joiner.keyPackage() } as const
          await this.#group.propose(proposer, proposal)
          adds.push(joiner)
          break
        }
        case 3: {
          const proposal = updates.pop()
          if (proposal === undefined) break
          await this.#group.propose(proposer, proposal)
          noted.push(proposal)
          break
        }
        case 4: {
          // The draft wants the extensions before any update of the dictionary.
          if (extensions || noted.length > 0) break
          extensions = true
          const proposal = this.#extensionsProposal()
          await this.#group.propose(proposer, proposal)
          noted.push(proposal)
        }
      }
    }
    await this.#commitReferences(from, { leaves, path: this.#choose.chance(0.2) }, adds)
    this.#group.note(noted)
  }

  async #selfRemove(): Promise<void> {
    const from = this.#member()
    const able = this.#except([from]).filter((m) => this.#group.canSelfRemove(m))
    if (able.length === 0) return await this.#selfUpdate()
    const leaves = this.#some(able, 2, this.#group.members.length - able.length > 1 ? 0 : 1)
    for (const leaver of leaves) await this.#group.propose(leaver, { type: "self_remove" })
    const others = this.#except([from, ...leaves])
    await this.#commitReferences(from, {
      leaves,
      ...(this.#choose.chance(0.3) ? { adds: await this.#people(1) } : {}),
      ...(this.#choose.chance(0.3) && others.length > 1
        ? { removes: this.#some(others, 1, 1) }
        : {}),
    }, [])
  }

  async #twoCommits(): Promise<void> {
    const [winner, loser] = this.#choose.some(this.#group.members, 2)
    assert.ok(winner && loser)
    const lost = await this.#group.make(loser, { proposals: [], path: true })
    const change: Change = { proposals: [], path: true }
    const { made } = await this.#group.make(winner, change)
    await loser.clear()
    for (const member of this.#except([winner])) {
      assert.equal((await member.receive(made.commit)).kind, "commit")
    }
    await winner.merge()
    await this.#group.agree()
    for (const member of this.#except([loser])) {
      await assert.rejects(member.receive(lost.made.commit), "the losing commit is refused")
    }
    await this.#group.agree()
  }

  async #droppedCommit(): Promise<void> {
    const from = this.#member()
    await this.#group.make(from, {
      proposals: this.#updates(),
      path: true,
      ...(this.#room() > 0 ? { adds: await this.#people(1) } : {}),
    })
    await from.clear()
    await this.#group.agree()
  }

  async #blankLeftHalf(): Promise<void> {
    const byLeaf = await this.#byLeaf()
    const last = byLeaf.at(-1)
    assert.ok(last)
    let width = 1
    while (width <= last.leaf) width *= 2
    const left = byLeaf.filter(({ leaf }) => leaf < width / 2).map(({ member }) => member)
    const right = byLeaf.filter(({ leaf }) => leaf >= width / 2).map(({ member }) => member)
    if (left.length === 0 || right.length === 0) return await this.#selfUpdate()
    await this.#commit({ removes: left }, this.#choose.one(right))
    for (const member of this.#choose.some(this.#group.members, 2)) {
      await this.#commit({ path: true }, member)
    }
  }

  async #downToFew(): Promise<void> {
    const from = this.#member()
    const survivors = this.#choose.below(3)
    const others = this.#choose.shuffled(this.#except([from]))
    await this.#commit({ removes: others.slice(survivors) }, from)
    await this.#commit({ adds: await this.#people(this.#choose.between(1, 3)) }, from)
  }

  async #messages(): Promise<void> {
    const sent: Array<SentMessage> = []
    for (let count = this.#choose.between(2, 8); count > 0; count--) sent.push(await this.#seal())
    for (const message of this.#choose.shuffled(sent)) {
      if (this.#choose.chance(0.1)) continue
      if (this.#choose.chance(0.2)) this.#kept.push(message)
      else await this.#group.deliver(message)
    }
  }

  async #message(): Promise<void> {
    const message = await this.#seal()
    if (this.#choose.chance(0.4)) this.#kept.push(message)
    else await this.#group.deliver(message)
  }

  async #deliverKept(): Promise<void> {
    for (const message of this.#choose.shuffled(this.#kept)) {
      if (this.#group.epoch - message.epoch <= pastEpochs) await this.#group.deliver(message)
    }
    this.#kept = []
  }

  #seal(): Promise<SentMessage> {
    return this.#group.seal(
      this.#member(),
      this.#choose.bytes(this.#choose.below(200)),
      this.#choose.chance(0.3) ? this.#choose.bytes(8) : "",
    )
  }

  async #commitReferences(
    from: InteropMember,
    change: Partial<Change>,
    joiners: ReadonlyArray<InteropMember>,
  ): Promise<void> {
    if (joiners.length === 0) return await this.#commit({ ...change, pending: true }, from)
    // Joiners that were proposed by reference get the Welcome of this commit.
    const { made, gone } = await this.#group.make(from, {
      proposals: [],
      pending: true,
      ...change,
    })
    await this.#group.settle(from, made, gone, joiners)
    this.#former.push(...gone)
  }

  async #commit(change: Partial<Change>, from: InteropMember = this.#member()): Promise<void> {
    const before = this.#former.slice(-2)
    const message = await this.#group.change(from, { proposals: [], ...change })
    for (const member of before) {
      await assert.rejects(member.receive(message), "a removed member reads nothing")
    }
    this.#former.push(...(change.removes ?? []), ...(change.leaves ?? []))
  }

  #updates(): Array<PlainProposal> {
    const ids = this.#choose.some(
      [1, 5, 0x8001, 0x8002, 0x8003, 0xf00d],
      this.#choose.between(1, 3),
    )
    return ids.map((component) => ({
      type: "app_data_update",
      component,
      data: this.#group.components.has(component) && this.#choose.chance(0.3)
        ? null
        : this.#choose.bytes(this.#choose.below(80)),
    }))
  }

  #extensionsProposal(): PlainProposal {
    const custom = this.#choose.chance(0.25)
      ? undefined
      : this.#choose.bytes(this.#choose.below(40))
    return {
      type: "group_context_extensions",
      extensions: this.#choose.shuffled(this.#group.extensions({ custom })),
    }
  }

  #room(): number {
    return this.#maxMembers - this.#group.members.length
  }

  #member(): InteropMember {
    return this.#choose.one(this.#group.members)
  }

  #except(members: ReadonlyArray<InteropMember>): ReadonlyArray<InteropMember> {
    return this.#group.members.filter((m) => !members.includes(m))
  }

  #some(
    members: ReadonlyArray<InteropMember>,
    most: number,
    keep: number,
  ): Array<InteropMember> {
    const count = Math.max(1, Math.min(most, members.length - keep))
    return this.#choose.some(members, this.#choose.between(1, count))
  }

  async #byLeaf(): Promise<Array<{ readonly leaf: number; readonly member: InteropMember }>> {
    const list = await Promise.all(
      this.#group.members.map(async (member) => ({ leaf: await member.leaf(), member })),
    )
    return list.sort((a, b) => a.leaf - b.leaf)
  }

  async #people(count: number): Promise<Array<InteropMember>> {
    const people: Array<InteropMember> = []
    for (let i = 0; i < count; i++) people.push(await this.#person())
    return people
  }

  #person(): Promise<InteropMember> {
    const returning = this.#former.filter((f) =>
      !this.#group.members.some((m) => m.identity === f.identity)
    )
    const identity = returning.length > 0 && this.#choose.chance(0.2)
      ? this.#choose.one(returning).identity
      : undefined
    return this.#group.person(this.#choose.one(this.#kinds), identity)
  }
}

/** Plays one walk; rejects at the first disagreement, naming the operation. */
export async function randomWalk(options: WalkOptions): Promise<void> {
  const walk = new Walk(options)
  await walk.start()
  for (let n = 1; n <= options.operations; n++) {
    try {
      await walk.step()
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${options.seed}, operation ${n}: ${cause}`, { cause: error })
    }
  }
}
