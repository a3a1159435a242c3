/**
 * Which proposals are served at all, and which a commit may hold together (RFC 9420 section 12.2 and
 * the extensions draft).
 *
 * @module
 */
import { requiredCapabilities } from "./extension.ts"
import type { GroupState } from "./group_state.ts"
import { refuse } from "./mls_error.ts"
import type { OwnUpdateKeys } from "./pending_proposal.ts"
import type { MlsPolicy } from "./policy.ts"
import { type PreSharedKeyId, ResumptionUsage, samePsk } from "./pre_shared_key.ts"
import { type Proposal, proposalTypeOf } from "./proposal.ts"

/** One proposal of a commit with its sender, and our keys if it is our own Update. */
export interface ListedProposal {
  /** The proposal. */
  readonly proposal: Proposal
  /** Leaf of its sender. */
  readonly sender: number
  /** Its reference, when it is not inline. */
  readonly ref: Uint8Array | undefined
  /** Keys of our own Update. */
  readonly own: OwnUpdateKeys | undefined
}

const pathTypes: ReadonlySet<Proposal["type"]> = new Set([
  "update",
  "remove",
  "externalInit",
  "groupContextExtensions",
  "selfRemove",
])

/** More PSKs in one commit are refused: comparing them is quadratic. */
const maxPsks = 256

/** Types up to here need no capability (RFC 9420 section 7.2). */
const lastDefaultProposal = 7

/** True when a commit of these proposals must have a path. */
export function needsPath(list: ReadonlyArray<ListedProposal>): boolean {
  return list.length === 0 || list.some((p) => pathTypes.has(p.proposal.type))
}

/** Refuses what no policy allows and what no member may propose. */
export function checkProposalType(proposal: Proposal, policy: MlsPolicy): void {
  switch (proposal.type) {
    case "reInit":
    case "externalInit":
    case "appEphemeral":
      return refuse("policy")
    case "psk": {
      const { id } = proposal
      if (policy.psk === undefined) refuse("policy")
      if (id.nonce.length !== 32) refuse("invalid-proposal")
      if (id.kind === "resumption" && id.usage !== ResumptionUsage.application) {
        refuse("invalid-proposal")
      }
    }
  }
}

/** Checks the rules between the proposals of one commit. */
export function checkList(
  state: GroupState,
  list: ReadonlyArray<ListedProposal>,
  committer: number,
  policy: MlsPolicy,
): void {
  const touched = new Set<number>()
  const gone = new Set<number>()
  const components = new Set<number>()
  const pskNames: Array<PreSharedKeyId> = []
  let hasExtensions = false
  const touch = (leafIndex: number): void => {
    if (state.tree.leaves[leafIndex] === undefined) refuse("invalid-proposal")
    if (leafIndex === committer || touched.has(leafIndex)) refuse("invalid-proposal-list")
    touched.add(leafIndex)
  }
  for (const { proposal, sender, ref } of list) {
    checkProposalType(proposal, policy)
    switch (proposal.type) {
      case "update":
        touch(sender)
        break
      case "remove":
        touch(proposal.leafIndex)
        gone.add(proposal.leafIndex)
        break
      case "selfRemove":
        if (ref === undefined) refuse("invalid-proposal-list")
        touch(sender)
        gone.add(sender)
        break
      case "psk":
        if (pskNames.length >= maxPsks || pskNames.some((id) => samePsk(id, proposal.id))) {
          refuse("invalid-proposal-list")
        }
        pskNames.push(proposal.id)
        break
      case "groupContextExtensions":
        if (hasExtensions || components.size > 0) refuse("invalid-proposal-list")
        hasExtensions = true
        break
      case "appDataUpdate":
        if (components.has(proposal.componentId)) refuse("invalid-app-data")
        components.add(proposal.componentId)
    }
  }
  checkSupport(state, list, gone)
}

/** Everybody who stays must support a proposal of a type that is no default. */
function checkSupport(
  state: GroupState,
  list: ReadonlyArray<ListedProposal>,
  gone: ReadonlySet<number>,
): void {
  const types = new Set(
    list.map((p) => proposalTypeOf(p.proposal)).filter((type) => type > lastDefaultProposal),
  )
  if (types.size === 0) return
  const required = requiredCapabilities(state.context.extensions).proposals
  for (const type of types) {
    if (required.includes(type)) continue
    state.tree.leaves.forEach((leaf, i) => {
      if (leaf === undefined || gone.has(i)) return
      if (!leaf.capabilities.proposals.includes(type)) refuse("invalid-proposal-list")
    })
  }
}
