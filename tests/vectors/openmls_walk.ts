/**
 * Player for recorded OpenMLS walks (`openmls-walk/1`): our machine takes the place of the
 * observers, is fed the recorded bytes and must reach the recorded states.
 *
 * Beyond what the record asks, every observer is taken apart and put together again from its stored
 * parts after every step, and values that were replaced are retired, so that a secret that is shared
 * wrongly shows.
 *
 * @module
 */
import { MARMOT_MAX_LIFETIME, type Member, type MlsGroup } from "../../packages/core/src/mls/mod.ts"
import { hex, toHex } from "./rfc9420/family.ts"
import { expect, expectProposal, WalkRecord } from "./walk_record.ts"
import { Observer } from "./walk_observer.ts"
import {
  parseWalk,
  type Walk,
  type WalkEvent,
  type WalkState,
  type WalkStep,
} from "./walk_schema.ts"

/** How a walk went. */
export interface WalkResult {
  /** Events and step ends that held. */
  readonly passed: number
  /** Events that did not hold, or could not be reached any more. */
  readonly failed: number
  /** What went wrong first, if anything: one line. */
  readonly reason: string | undefined
}

class Player {
  readonly #walk: Walk
  readonly #observers: ReadonlyMap<string, Observer>
  readonly #all: ReadonlyArray<Observer>
  readonly #record: WalkRecord

  constructor(walk: Walk) {
    this.#walk = walk
    this.#record = new WalkRecord(walk)
    const rules = {
      policy: {
        lifetime: { now: BigInt(walk.now), maxSpan: MARMOT_MAX_LIFETIME },
        handshakes: walk.config.handshake,
      },
      limits: {
        outOfOrder: walk.config.out_of_order_tolerance,
        forward: walk.config.maximum_forward_distance,
      },
      pastEpochs: walk.config.max_past_epochs,
    }
    this.#observers = new Map(walk.observers.map((recorded) => {
      expect(`${recorded.id}: identity`, walk.people[recorded.person], recorded.identity)
      return [recorded.id, new Observer(recorded, rules)]
    }))
    this.#all = [...this.#observers.values()]
  }

  event(event: WalkEvent, step: WalkStep): void {
    this.#record.event(event)
    const message = hex(event.wire)
    event.to.forEach((id, index) => {
      const observer = this.#observers.get(id)
      if (observer === undefined) throw new Error("an observer that does not exist")
      switch (event.kind) {
        case "proposal":
          return this.#proposal(observer, event, message)
        case "commit":
          return this.#commit(observer, event, message, step)
        case "welcome":
          return this.#welcome(observer, event, message, event.leaves[index], step)
        case "application":
          return this.#application(observer, event, message)
        case "refuse":
        case "lenient":
          return this.#refuse(observer, event, message)
      }
    })
  }

  endStep(step: WalkStep, index: number): void {
    expect("number of the step", step.n, index + 1)
    this.#record.endStep(step)
    const members = this.#all.filter((o) => o.member)
    expect("observers", members.map((o) => o.recorded.id).sort(), [...step.observers].sort())
    for (const observer of members) {
      this.#expectState(observer.current, step.state)
      observer.reload()
      this.#expectState(observer.current, step.state)
    }
  }

  /** Nobody joined or left but in the steps that the record says. */
  endWalk(): void {
    const last = this.#walk.steps.length
    for (const { recorded: { id, joins_in_step, removed_in_step }, member } of this.#all) {
      const remains = joins_in_step <= last && (removed_in_step === null || removed_in_step > last)
      expect(`${id}: membership`, member, remains)
    }
  }

  #proposal(
    observer: Observer,
    event: WalkEvent & { kind: "proposal" },
    message: Uint8Array,
  ): void {
    const { before, received } = observer.read(message)
    if (received.kind !== "proposal") throw new Error("not a proposal")
    expect("sender", received.sender.leafIndex, event.sender)
    expect("reference", toHex(received.proposal.ref), event.reference)
    expectProposal(received.proposal.proposal, event.proposal)
    expect("state", received.group.stateId, before.stateId)
    observer.replace(before, received.group)
  }

  #commit(
    observer: Observer,
    event: WalkEvent & { kind: "commit" },
    message: Uint8Array,
    step: WalkStep,
  ): void {
    const before = observer.fingerprint()
    const { received } = observer.read(message)
    if (received.kind !== "commit") throw new Error("not a commit")
    const { preview, next } = received
    expect("sender", preview.committer.leafIndex, event.sender)
    expect("epoch", Number(preview.epoch), event.epoch)
    expect("path", preview.hasPath, event.path)
    expect("number of proposals", preview.proposals.length, event.proposals.length)
    preview.proposals.forEach(({ proposal, sender, ref }, i) => {
      const recorded = event.proposals[i]
      if (recorded === undefined) return
      expect("proposal's sender", sender, recorded.sender)
      expect("by reference", ref !== undefined, recorded.by_reference)
      expectProposal(proposal, recorded)
    })
    expect("own removal", preview.ownRemoval, event.removes.includes(observer.recorded.id))
    expect("state while the commit is examined", observer.fingerprint(), before)
    if (next === undefined) {
      expect("step of the removal", step.n, observer.recorded.removed_in_step)
      return observer.leave()
    }
    this.#expectState(next, event.after)
    expect("members of the preview", this.#people(preview.members()), event.after.members)
    observer.advance(next)
  }

  #welcome(
    observer: Observer,
    event: WalkEvent & { kind: "welcome" },
    message: Uint8Array,
    leaf: number | undefined,
    step: WalkStep,
  ): void {
    const { recorded } = observer
    if (observer.member) throw new Error("has joined already")
    const { group, inviter } = observer.join(message)
    expect("leaf", group.ownLeaf, leaf)
    expect("leaf of the observer", group.ownLeaf, recorded.leaf)
    expect("step of joining", step.n, recorded.joins_in_step)
    expect("sender", inviter.leafIndex, event.sender)
    if (this.#record.state === undefined) throw new Error("no commit before the Welcome")
    this.#expectState(group, this.#record.state)
    observer.advance(group)
  }

  #application(
    observer: Observer,
    event: WalkEvent & { kind: "application" },
    message: Uint8Array,
  ): void {
    const { before, received } = observer.read(message)
    if (received.kind !== "application") throw new Error("not an application message")
    expect("epoch", Number(received.epoch), event.epoch)
    expect("sender", received.sender.leafIndex, event.sender)
    expect("data", toHex(received.plaintext), event.data)
    expect("aad", toHex(received.authenticatedData), event.aad)
    observer.replace(before, received.group)
  }

  #refuse(
    observer: Observer,
    event: WalkEvent & { kind: "refuse" | "lenient" },
    message: Uint8Array,
  ): void {
    const before = observer.fingerprint()
    const refused = observer.refuses(() =>
      event.of === "welcome" ? observer.join(message) : observer.read(message)
    )
    expect("state after a message that is refused", observer.fingerprint(), before)
    if (!refused) throw new Error("is accepted, must be refused")
  }

  #people(members: ReadonlyArray<Member>): ReadonlyArray<readonly [number, number]> {
    return members.map((m) => [m.leafIndex, this.#walk.people.indexOf(toHex(m.identity))])
  }

  #expectState(group: MlsGroup, state: WalkState): void {
    const { exporter: { label, context, length }, group_id } = this.#walk
    expect("group id", toHex(group.groupId), group_id)
    expect("epoch", Number(group.epoch), state.epoch)
    expect("tree hash", toHex(group.treeHash), state.tree_hash)
    expect("GroupContext", toHex(group.contextBytes), state.group_context)
    expect("confirmation tag", toHex(group.confirmationTag), state.confirmation_tag)
    expect(
      "confirmed transcript hash",
      toHex(group.context.confirmedTranscriptHash),
      state.confirmed_transcript_hash,
    )
    expect("epoch authenticator", toHex(group.epochAuthenticator), state.epoch_authenticator)
    expect(
      "exporter secret",
      toHex(group.exporter(label, hex(context), length)),
      state.exporter_secret,
    )
    expect("members", this.#people(group.members()), state.members)
  }
}

/** Plays one recorded walk; never throws. */
export function playWalk(content: string): WalkResult {
  let passed = 0
  let total = 1
  let place = "reading the file"
  try {
    const walk = parseWalk(content)
    total = walk.steps.reduce((sum, step) => sum + step.events.length + 1, 0)
    place = "private keys"
    const player = new Player(walk)
    walk.steps.forEach((step, n) => {
      step.events.forEach((event, index) => {
        const of = "of" in event ? ` ${event.of}` : ""
        const why = "why" in event ? `: ${event.why}` : ""
        place = `step ${step.n} (${step.op}) event ${index} (${event.kind}${of}${why})`
        player.event(event, step)
        passed++
      })
      place = `end of step ${step.n} (${step.op})`
      player.endStep(step, n)
      passed++
    })
    place = "end of the walk"
    player.endWalk()
    return { passed, failed: 0, reason: undefined }
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split("\n")[0]
    return { passed, failed: Math.max(1, total - passed), reason: `${place}: ${message}` }
  }
}
