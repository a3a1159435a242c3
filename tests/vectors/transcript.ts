/**
 * Plays a recorded conversation of a real MDK: our engine is every observer whose keys are given.
 *
 * @module
 */
import { differenceOf } from "./transcript_compare.ts"
import { keyPackageDifference, proofDifference } from "./transcript_key_packages.ts"
import { stepRecordDifference } from "./transcript_members.ts"
import { Observer } from "./transcript_observer.ts"
import { publishDifference, stateRecordDifference } from "./transcript_record.ts"
import type { RecordedPublish, RecordedStep, Transcript } from "./transcript_schema.ts"
import { parseTranscript } from "./transcript_shape.ts"

/** What became of one case. */
export interface TranscriptCase {
  /** A step, a KeyPackage event or a proof. */
  readonly name: string
  /** The outcome. */
  readonly outcome: "passed" | "failed" | "skipped"
  /** Why not passed. */
  readonly reason?: string
}

/** Plays the text of a file; never throws. */
export async function playTranscript(text: string): Promise<ReadonlyArray<TranscriptCase>> {
  let transcript: Transcript
  try {
    transcript = parseTranscript(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unreadable"
    return [{ name: "file", outcome: "failed", reason }]
  }
  return [
    ...judgeAccounts(transcript),
    ...judgeStates(transcript),
    ...await playSteps(transcript),
  ]
}

const verdict = (name: string, reason: string | undefined): TranscriptCase =>
  reason === undefined ? { name, outcome: "passed" } : { name, outcome: "failed", reason }

const judgeAccounts = (transcript: Transcript): ReadonlyArray<TranscriptCase> =>
  transcript.accounts.flatMap((account) => [
    verdict(`proof of ${account.name}`, proofDifference(account)),
    ...account.key_packages.map((recorded, index) =>
      verdict(
        `KeyPackage ${index + 1} of ${account.name}`,
        keyPackageDifference(account, recorded, transcript.generated_at),
      )
    ),
  ])

/** Nothing is counted for states that are what they say: they are compared in the steps. */
const judgeStates = (transcript: Transcript): ReadonlyArray<TranscriptCase> =>
  Object.entries(transcript.states).flatMap(([name, state]) => {
    const reason = stateRecordDifference(name, state, transcript)
    return reason === undefined ? [] : [verdict(`state ${name}`, reason)]
  })

async function playSteps(transcript: Transcript): Promise<ReadonlyArray<TranscriptCase>> {
  let observers: ReadonlyMap<string, Observer>
  try {
    observers = new Map(
      transcript.accounts.filter(({ name }) => transcript.observers.includes(name))
        .map((account) => [account.name, new Observer(account)]),
    )
  } catch (error) {
    return [{ name: "private keys", outcome: "failed", reason: String(error) }]
  }
  const published = new Map<string, RecordedPublish>()
  const rivals = rivalCommits(transcript)
  const cases: Array<TranscriptCase> = []
  let contested = false
  for (const [index, step] of transcript.steps.entries()) {
    for (const publish of step.publishes) published.set(publish.event_id, publish)
    contested ||= step.publishes.some((publish) => rivals.has(publish.event_id))
    const contradiction = recordDifference(transcript, step, index, published)
    if (contradiction !== undefined) {
      cases.push(verdict(step.name, contradiction))
      continue
    }
    const reason = await playStep(transcript, step, observers, published)
    cases.push(
      reason !== undefined && contested
        ? {
          name: step.name,
          outcome: "skipped",
          reason: `which of two rival commits wins is not decided yet (${reason})`,
        }
        : verdict(step.name, reason),
    )
  }
  return cases
}

/** What the record of a step contradicts itself in, or nothing. */
function recordDifference(
  transcript: Transcript,
  step: RecordedStep,
  index: number,
  published: ReadonlyMap<string, RecordedPublish>,
): string | undefined {
  for (const publish of step.publishes) {
    const difference = publishDifference(publish, transcript)
    if (difference !== undefined) return difference
    const byObserver = transcript.observers.includes(publish.sender)
    if (byObserver && publish.mls_kind === "public commit") return "an observer commits"
  }
  return stepRecordDifference(transcript, step, index, published)
}

/** Commits that compete with another one for the same state. */
function rivalCommits(transcript: Transcript): ReadonlySet<string> {
  const commits = transcript.steps.flatMap(({ publishes }) => publishes)
    .filter((publish) => publish.mls_kind.includes("commit"))
  const byParent = Map.groupBy(commits, (commit) => commit.source_epoch_authenticator)
  return new Set(
    [...byParent.values()].filter((rivals) => rivals.length > 1).flat()
      .map((commit) => commit.event_id),
  )
}

/** What differs in a step, or nothing. */
async function playStep(
  transcript: Transcript,
  step: RecordedStep,
  observers: ReadonlyMap<string, Observer>,
  published: ReadonlyMap<string, RecordedPublish>,
): Promise<string | undefined> {
  try {
    // A proposal of one's own has to be known when somebody commits it.
    for (const publish of step.publishes) {
      if (publish.mls_kind !== "public proposal") continue
      await observers.get(publish.sender)?.deliver(publish)
    }
    for (const action of step.actions) {
      const observer = action.op === "deliver" ? observers.get(action.to ?? "") : undefined
      const publish = published.get(action.event ?? "")
      if (observer === undefined) continue
      if (publish === undefined) return "an event is delivered that nobody published"
      await observer.deliver(publish)
    }
  } catch (error) {
    return error instanceof Error ? error.message : "?"
  }
  const differences = [...observers.values()].flatMap((observer) => {
    const member = step.members[observer.name]
    const seen = observer.takeSeen()
    if (member === undefined) {
      return observer.group === undefined ? [] : [`${observer.name}: joined too early`]
    }
    const difference = differenceOf(observer, seen, member, transcript.states)
    return difference === undefined ? [] : [`${observer.name}: ${difference}`]
  })
  return differences.length === 0 ? undefined : differences.join("; ")
}
