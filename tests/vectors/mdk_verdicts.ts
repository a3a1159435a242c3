/**
 * Commits, proposals and events made by hand, with the verdict of a real MDK: ours has to be the same,
 * but where the text of the protocol is stricter.
 *
 * @module
 */
import { encodeHex } from "@mdk/core/codec"
import { verifyEvent } from "@mdk/core/identity"
import type { NostrEvent } from "@mdk/core/services"
import { tipOf } from "../../packages/core/src/group/mod.ts"
import { Observer } from "./transcript_observer.ts"
import type { RecordedAccount } from "./transcript_schema.ts"

/** A commit with its own group. */
export interface CommitCase {
  readonly name: string
  readonly observer: RecordedAccount
  readonly welcome: NostrEvent
  readonly event: NostrEvent
  readonly mls_message: string
  readonly applied: boolean
  readonly removed: boolean
  readonly epoch_authenticator: string
  readonly group_context: string
}

/** A standalone proposal with its own group. */
export interface ProposalCase {
  readonly name: string
  readonly observer: RecordedAccount
  readonly welcome: NostrEvent
  readonly event: NostrEvent
  readonly outcome: string
}

/** A payload or an event, fed in order to one observer. */
export interface FedCase {
  readonly name: string
  readonly event: NostrEvent
  readonly delivered?: number
  readonly verdict?: { readonly delivered: number; readonly joined: boolean }
}

/** `commits.json`. */
export interface CommitVectors {
  readonly commits: ReadonlyArray<CommitCase>
  readonly proposals: ReadonlyArray<ProposalCase>
  readonly payloads: {
    readonly setup: { readonly observer: RecordedAccount; readonly welcome: NostrEvent }
    readonly cases: ReadonlyArray<FedCase>
  }
}

/** An observer that has joined. */
export async function joined(account: RecordedAccount, welcome: NostrEvent): Promise<Observer> {
  const observer = new Observer({ ...account, name: "observer" })
  await observer.deliver({ event: welcome })
  observer.takeSeen()
  return observer
}

/** What became of a commit. */
export async function judgeCommit(
  { observer: account, welcome, event }: CommitCase,
): Promise<
  { readonly applied: boolean; readonly authenticator?: string; readonly context?: string }
> {
  const observer = await joined(account, welcome)
  const before = observer.group
  await observer.deliver({ event })
  const tip = observer.group === undefined ? undefined : tipOf(observer.group)
  return {
    applied: observer.takeSeen().moves.length === 1 && observer.group !== before,
    ...(tip === undefined ? {} : {
      authenticator: encodeHex(tip.mls.epochAuthenticator),
      context: encodeHex(tip.mls.contextBytes),
    }),
  }
}

/** Whether a standalone proposal is kept. */
export async function judgeProposal(
  { observer: account, welcome, event }: ProposalCase,
): Promise<boolean> {
  const observer = await joined(account, welcome)
  await observer.deliver({ event })
  const tip = observer.group === undefined ? undefined : tipOf(observer.group)
  return tip?.mls.proposals().length === 1
}

/** How many application messages one event hands over; verification of the event comes first. */
export async function feed(observer: Observer, event: NostrEvent): Promise<number> {
  try {
    verifyEvent(event)
    await observer.deliver({ event })
  } catch {
    return 0
  }
  return observer.takeSeen().messages.length
}
