/**
 * A group whose members run on both implementations. After every commit all of them must have the
 * same state.
 *
 * @module
 */
import assert from "node:assert/strict"
import type {
  InteropMember,
  MadeCommit,
  PlainCommit,
  PlainExtension,
  PlainProposal,
  PlainState,
} from "./member.ts"
import { OurMember } from "./our_member.ts"
import { PeerMember } from "./peer_member.ts"
import type { PeerProcess } from "./peer_process.ts"
import { Choices, hex, seededEntropy, toHex } from "./seeded.ts"

/** Extension 0xff01 means nothing to either side; every member says that it supports it. */
export const customExtension = 0xff01
const requiredCapabilities: PlainExtension = [3, "040006ff01040008000a00"]

/** How a conversation is set up. */
export interface ConversationOptions {
  /** The OpenMLS process. */
  readonly peer: PeerProcess
  /** Names the members' keys. */
  readonly seed: number
  /** Handshakes as PrivateMessages. */
  readonly privateHandshakes?: boolean
  /** Whether the group starts with an empty dictionary. */
  readonly dictionary?: boolean
  /**
   * Share of messages of which our members get a copy with one flipped bit first: they must refuse
   * it and read the genuine one afterwards. OpenMLS gets none: it accepts other encodings of
   * handshakes, whose signature it checks over its own encoding.
   */
  readonly tampering?: number
}

/** A commit with the members that it brings in and puts out. */
export interface Change extends PlainCommit {
  /** New members; their Adds come after `proposals`. */
  readonly adds?: ReadonlyArray<InteropMember>
  /** Members that this commit removes; their Removes come before `proposals`. */
  readonly removes?: ReadonlyArray<InteropMember>
  /** Members that leave by a pending proposal. */
  readonly leaves?: ReadonlyArray<InteropMember>
}

/** A sealed application message that not everybody has read yet. */
export interface SentMessage {
  /** MLSMessage. */
  readonly wire: string
  /** Epoch in which it was sent. */
  readonly epoch: number
  /** The sender. */
  readonly from: InteropMember
  /** Leaf of the sender in that epoch. */
  readonly leaf: number
  /** Content. */
  readonly data: string
  /** `authenticated_data`. */
  readonly aad: string
  /** Members of that epoch who have still to read it. */
  readonly to: ReadonlyArray<InteropMember>
}

/** The group. */
export class Conversation {
  readonly #peer: PeerProcess
  readonly #seed: number
  readonly #privateHandshakes: boolean
  readonly #choices: Choices
  readonly #tampering: number
  #count = 0
  #members: Array<InteropMember> = []
  #components: Map<number, string> | undefined
  #custom: string | undefined
  #epoch = 0

  constructor(options: ConversationOptions) {
    this.#peer = options.peer
    this.#seed = options.seed
    this.#privateHandshakes = options.privateHandshakes ?? false
    this.#choices = new Choices(options.seed ^ 0x5eed)
    this.#tampering = options.tampering ?? 0
    if (options.dictionary ?? true) this.#components = new Map()
  }

  /** Current members. */
  get members(): ReadonlyArray<InteropMember> {
    return this.#members
  }

  /** Components and their data. */
  get components(): ReadonlyMap<number, string> {
    return this.#components ?? new Map()
  }

  /** Current epoch. */
  get epoch(): number {
    return this.#epoch
  }

  /** OpenMLS cannot send a SelfRemove, which is always public, once it sends private handshakes. */
  canSelfRemove(member: InteropMember): boolean {
    return member.kind === "ours" || !this.#privateHandshakes
  }

  /** A person who is in no group yet. */
  async person(kind: "ours" | "openmls", identity?: string): Promise<InteropMember> {
    const name = `s${this.#seed}-${kind}-${this.#count++}`
    const id = identity ?? this.#choices.bytes(32)
    return kind === "ours"
      ? new OurMember(name, id, this.#privateHandshakes, seededEntropy(name))
      : await PeerMember.start(this.#peer, name, id, this.#privateHandshakes)
  }

  /** Founds the group. */
  async found(founder: InteropMember): Promise<void> {
    await founder.create(this.#choices.bytes(32), this.extensions())
    this.#members = [founder]
    await this.agree()
  }

  /** The GroupContext extensions as they are, with another value of the custom one if given. */
  extensions(change?: { readonly custom: string | undefined }): Array<PlainExtension> {
    const custom = change === undefined ? this.#custom : change.custom
    return [
      requiredCapabilities,
      ...(this.#components === undefined ? [] : [dictionaryExtension(this.#components)]),
      ...(custom === undefined ? [] : [[customExtension, custom] as const]),
    ]
  }

  /** Makes a proposal and delivers it to everybody. */
  async propose(
    from: InteropMember,
    proposal: Parameters<InteropMember["propose"]>[0],
  ): Promise<void> {
    const message = await from.propose(proposal)
    const leaf = await from.leaf()
    for (const member of this.#others(from)) {
      await this.#tamper(member, message)
      assert.deepEqual(await member.receive(message), { kind: "proposal", sender: leaf })
    }
  }

  /** Makes a commit, delivers it, lets new members join and compares all states. */
  async change(from: InteropMember, change: Change): Promise<string> {
    const { made, gone, proposals } = await this.make(from, change)
    await this.settle(from, made, gone, change.adds ?? [], change.tree_beside)
    this.note(proposals)
    return made.commit
  }

  /** Delivers a commit, lets new members join and compares all states. */
  async settle(
    from: InteropMember,
    made: MadeCommit,
    gone: ReadonlyArray<InteropMember>,
    joiners: ReadonlyArray<InteropMember>,
    treeBeside: boolean = false,
  ): Promise<void> {
    const leaf = await from.leaf()
    for (const member of this.#others(from)) {
      await this.#tamper(member, made.commit)
      const received = await member.receive(made.commit)
      assert.deepEqual(received, { kind: "commit", sender: leaf, removed: gone.includes(member) })
    }
    await from.merge()
    for (const joiner of joiners) {
      assert.ok(made.welcome, "an Add makes a Welcome")
      if (treeBeside) {
        // OpenMLS loses its KeyPackage with an incomplete attempt, so only we try without the tree.
        if (joiner.kind === "ours") {
          await assert.rejects(joiner.join(made.welcome), { reason: "missing-tree" })
        }
        await joiner.join(made.welcome, await from.tree())
      } else {
        await this.#tamperWelcome(joiner, made.welcome)
        await joiner.join(made.welcome)
      }
    }
    this.#members = [...this.#members.filter((m) => !gone.includes(m)), ...joiners]
    await this.agree()
  }

  /** Makes a commit and shows it to nobody. */
  async make(from: InteropMember, change: Change): Promise<{
    readonly made: MadeCommit
    readonly gone: ReadonlyArray<InteropMember>
    readonly proposals: ReadonlyArray<PlainProposal>
  }> {
    const { adds = [], removes = [], leaves = [], ...rest } = change
    const proposals: Array<PlainProposal> = []
    for (const member of removes) proposals.push({ type: "remove", leaf: await member.leaf() })
    proposals.push(...rest.proposals)
    for (const joiner of adds) {
      proposals.push({ type: "add", key_package: await joiner.keyPackage() })
    }
    const made = await from.commit({ ...rest, proposals })
    return { made, gone: [...removes, ...leaves], proposals }
  }

  /** Takes note of what committed proposals do to the extensions. */
  note(proposals: ReadonlyArray<PlainProposal>): void {
    for (const proposal of proposals) {
      if (proposal.type === "group_context_extensions") {
        this.#custom = proposal.extensions.find(([type]) => type === customExtension)?.[1]
      }
      if (proposal.type === "app_data_update") {
        this.#components ??= new Map()
        if (proposal.data === null) this.#components.delete(proposal.component)
        else this.#components.set(proposal.component, proposal.data)
      }
    }
  }

  /** Seals a message and shows it to nobody yet. */
  async seal(from: InteropMember, data: string, aad: string = ""): Promise<SentMessage> {
    const leaf = await from.leaf()
    const wire = await from.send(data, aad)
    return { wire, epoch: this.#epoch, from, leaf, data, aad, to: this.#others(from) }
  }

  /** Delivers a message to those of its readers who are still members. */
  async deliver(message: SentMessage): Promise<void> {
    for (const member of message.to) {
      if (!this.#members.includes(member)) continue
      await this.#tamper(member, message.wire)
      assert.deepEqual(await member.receive(message.wire), {
        kind: "application",
        data: message.data,
        sender: message.leaf,
        aad: message.aad,
      })
      await assert.rejects(member.receive(message.wire), "a message is read once")
    }
  }

  /** Everybody writes, everybody else reads. */
  async chat(): Promise<void> {
    for (const from of this.#members) {
      await this.deliver(await this.seal(from, this.#choices.bytes(this.#choices.between(0, 300))))
    }
  }

  /** All members have the same state, and it contains these members. */
  async agree(): Promise<PlainState> {
    const states: Array<PlainState> = []
    for (const member of this.#members) states.push(await member.state())
    const first = states[0]
    assert.ok(first)
    states.forEach((state, index) => {
      assert.deepEqual(state, first, `${this.#members[index]?.name} and ${this.#members[0]?.name}`)
    })
    assert.deepEqual(
      first.members.map(([, identity]) => identity).sort(),
      this.#members.map((m) => m.identity).sort(),
    )
    this.#epoch = first.epoch
    return first
  }

  async #tamper(member: InteropMember, message: string): Promise<void> {
    if (member.kind !== "ours" || !this.#choices.chance(this.#tampering)) return
    await assert.rejects(member.receive(this.#flip(message)), "a changed message is refused")
  }

  // Bytes for other joiners may differ without effect: then the joined state is the same.
  async #tamperWelcome(joiner: InteropMember, welcome: string): Promise<void> {
    if (joiner.kind !== "ours" || !this.#choices.chance(this.#tampering)) return
    const state = await joiner.join(this.#flip(welcome)).then(() => joiner.state(), () => undefined)
    if (state === undefined) return
    await joiner.join(welcome)
    assert.deepEqual(await joiner.state(), state)
  }

  #flip(message: string): string {
    const bytes = hex(message)
    const place = this.#choices.below(bytes.length)
    bytes[place] = (bytes[place] as number) ^ (1 << this.#choices.below(8))
    return toHex(bytes)
  }

  #others(member: InteropMember): ReadonlyArray<InteropMember> {
    return this.#members.filter((m) => m !== member)
  }
}

function dictionaryExtension(components: ReadonlyMap<number, string>): PlainExtension {
  const entries = [...components].sort(([a], [b]) => a - b).map(([id, data]) =>
    id.toString(16).padStart(4, "0") + variable(data)
  )
  return [6, variable(entries.join(""))]
}

function variable(content: string): string {
  const length = hex(content).length
  const prefix = length < 64
    ? Uint8Array.of(length)
    : length < 16384
    ? Uint8Array.of(0x40 | length >> 8, length)
    : Uint8Array.of(0x80 | length >> 24, length >> 16, length >> 8, length)
  return toHex(prefix) + content
}
