/**
 * What a recorded walk says about its messages and states, against their own public bytes: so that a
 * record that contradicts itself fails even where no observer looks.
 *
 * @module
 */
import { decodeTls } from "../../packages/core/src/codec/mod.ts"
import type { CommitContent, FramedContent } from "../../packages/core/src/mls/framed_content.ts"
import { readGroupContext } from "../../packages/core/src/mls/group_context.ts"
import { decodeMlsMessage } from "../../packages/core/src/mls/mls_message.ts"
import { basicIdentity, type Proposal, proposalTypeOf } from "../../packages/core/src/mls/mod.ts"
import type { PublicMessage } from "../../packages/core/src/mls/public_message.ts"
import { canonical } from "./record_shape.ts"
import { hex, toHex } from "./rfc9420/family.ts"
import type { Walk, WalkEvent, WalkProposal, WalkState, WalkStep } from "./walk_schema.ts"

/** Compares by value, whatever the order of members, and names what differs. */
export function expect(what: string, actual: unknown, recorded: unknown): void {
  if (canonical(actual) !== canonical(recorded)) throw new Error(`${what} differs`)
}

const proposalNames: Readonly<Record<Proposal["type"], string>> = {
  add: "add",
  update: "update",
  remove: "remove",
  psk: "psk",
  reInit: "re_init",
  externalInit: "external_init",
  groupContextExtensions: "group_context_extensions",
  appDataUpdate: "app_data_update",
  appEphemeral: "app_ephemeral",
  selfRemove: "self_remove",
}

/** Whether a proposal is what the record says. */
export function expectProposal(proposal: Proposal, recorded: WalkProposal): void {
  expect("proposal's type", proposalTypeOf(proposal), recorded.type)
  expect("proposal's name", proposalNames[proposal.type], recorded.name)
  switch (proposal.type) {
    case "add": {
      const identity = basicIdentity(proposal.keyPackage.leafNode.credential)
      return expect("proposal's identity", identity && toHex(identity), recorded.identity)
    }
    case "remove":
      return expect("proposal's leaf", proposal.leafIndex, recorded.removed)
    case "appDataUpdate": {
      const { componentId, update } = proposal
      expect("proposal's component", componentId, recorded.component)
      expect("proposal's operation", update === undefined ? "remove" : "update", recorded.op)
      expect("proposal's data", update && toHex(update), recorded.data)
    }
  }
}

interface Sent {
  readonly proposal: Proposal
  readonly sender: number
}

/** Follows the record of one walk. */
export class WalkRecord {
  readonly #walk: Walk
  readonly #proposals: Map<string, Sent> = new Map()
  /** State after the last commit. */
  state: WalkState | undefined

  constructor(walk: Walk) {
    this.#walk = walk
  }

  /** Checks what an event says about its message. */
  event(event: WalkEvent): void {
    switch (event.kind) {
      case "proposal": {
        const content = this.#content(event.wire)?.content
        if (content === undefined) return
        if (content.content.kind !== "proposal") throw new Error("not a proposal")
        expectSender(content, event.sender)
        expectProposal(content.content.proposal, event.proposal)
        this.#proposals.set(event.reference, {
          proposal: content.content.proposal,
          sender: event.sender,
        })
        return
      }
      case "commit":
        return this.#commit(event)
      case "welcome":
        expect("kind", decodeMlsMessage(hex(event.wire)).wireFormat, "welcome")
        return expect("number of leaves", event.leaves.length, event.to.length)
      case "application":
        return expect("kind", decodeMlsMessage(hex(event.wire)).wireFormat, "privateMessage")
    }
  }

  /** Checks the state at the end of a step. */
  endStep(step: WalkStep): void {
    expect("size", step.state.members.length, step.size)
    if (this.state !== undefined) expect("state after the last commit", step.state, this.state)
  }

  #commit(event: WalkEvent & { kind: "commit" }): void {
    const { after } = event
    const outside = event.removes.filter((id) => !event.to.includes(id))
    if (outside.length > 0) throw new Error("removes an observer that does not get it")
    const message = this.#content(event.wire)
    if (message !== undefined) {
      const { content, auth } = message
      if (content.content.kind !== "commit") throw new Error("not a commit")
      expectSender(content, event.sender)
      expect("epoch", Number(content.epoch), event.epoch)
      expect(
        "confirmation tag",
        auth.confirmationTag && toHex(auth.confirmationTag),
        after.confirmation_tag,
      )
      this.#proposalsOf(content.content.commit, event)
    }
    const context = decodeTls(hex(after.group_context), readGroupContext)
    expect("group id", toHex(context.groupId), this.#walk.group_id)
    expect("epoch after the commit", Number(context.epoch), event.epoch + 1)
    expect("epoch after the commit", Number(context.epoch), after.epoch)
    expect("tree hash", toHex(context.treeHash), after.tree_hash)
    expect(
      "confirmed transcript hash",
      toHex(context.confirmedTranscriptHash),
      after.confirmed_transcript_hash,
    )
    this.state = after
    this.#proposals.clear()
  }

  #proposalsOf(commit: CommitContent, event: WalkEvent & { kind: "commit" }): void {
    expect("path", commit.path !== undefined, event.path)
    expect("number of proposals", commit.proposals.length, event.proposals.length)
    commit.proposals.forEach((item, i) => {
      const recorded = event.proposals[i]
      if (recorded === undefined) return
      expect("by reference", item.kind === "reference", recorded.by_reference)
      const sent = item.kind === "proposal"
        ? { proposal: item.proposal, sender: event.sender }
        : this.#proposals.get(toHex(item.ref))
      if (sent === undefined) throw new Error("refers to a proposal that is not in the record")
      expect("proposal's sender", sent.sender, recorded.sender)
      expectProposal(sent.proposal, recorded)
    })
  }

  /** What a handshake message says in the clear; nothing where handshakes are encrypted. */
  #content(wire: string): PublicMessage | undefined {
    const decoded = decodeMlsMessage(hex(wire))
    const { handshake } = this.#walk.config
    expect("kind", decoded.wireFormat, `${handshake}Message`)
    return decoded.wireFormat === "publicMessage" ? decoded.message : undefined
  }
}

function expectSender(content: FramedContent, recorded: number): void {
  expect("sender", content.sender.kind === "member" && content.sender.leafIndex, recorded)
}
