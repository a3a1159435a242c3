/**
 * Recorded OpenMLS walks, schema `openmls-walk/1`: what a file must hold. What is missing or of
 * another kind is refused, and the error names the place.
 *
 * @module
 */
import {
  closed,
  count,
  flag,
  hexOf,
  list,
  oneOf,
  optional,
  parseJson,
  record,
  type Shape,
  text,
  wrong,
} from "./record_shape.ts"

const hex = hexOf()

/** The one schema that is understood. */
export const WALK_FORMAT = "openmls-walk/1"

/** A state that all observers of a step have. */
export interface WalkState {
  readonly epoch: number
  readonly epoch_authenticator: string
  readonly tree_hash: string
  readonly confirmed_transcript_hash: string
  readonly confirmation_tag: string
  readonly group_context: string
  readonly exporter_secret: string
  /** Leaf and person, in leaf order. */
  readonly members: ReadonlyArray<readonly [leaf: number, person: number]>
}

/** A proposal's content; which of the optional fields are there follows from `type`. */
export interface WalkProposal {
  readonly type: number
  readonly name: string
  readonly identity?: string
  readonly removed?: number
  readonly component?: number
  readonly op?: string
  readonly data?: string
}

/** A proposal in a commit. */
export interface WalkCommittedProposal extends WalkProposal {
  readonly sender: number
  readonly by_reference: boolean
}

/** What an altered or misplaced message was meant to be. */
export type WalkMessageKind = "proposal" | "commit" | "application" | "welcome"

/** What the observers named in `to` are given. */
export type WalkEvent =
  & { readonly wire: string; readonly to: ReadonlyArray<string> }
  & (
    | {
      readonly kind: "proposal"
      readonly sender: number
      readonly reference: string
      readonly proposal: WalkProposal
    }
    | {
      readonly kind: "commit"
      readonly sender: number
      readonly epoch: number
      readonly path: boolean
      readonly proposals: ReadonlyArray<WalkCommittedProposal>
      readonly removes: ReadonlyArray<string>
      readonly after: WalkState
    }
    | {
      readonly kind: "welcome"
      readonly sender: number
      readonly leaves: ReadonlyArray<number>
    }
    | {
      readonly kind: "application"
      readonly epoch: number
      readonly sender: number
      readonly data: string
      readonly aad: string
    }
    | { readonly kind: "refuse" | "lenient"; readonly of: WalkMessageKind; readonly why?: string }
  )

/** One membership that our machine plays. */
export interface WalkObserver {
  readonly id: string
  readonly person: number
  readonly identity: string
  readonly signature_private: string
  readonly signature_public: string
  readonly key_package: string
  readonly key_package_ref: string
  readonly init_private: string
  readonly encryption_private: string
  readonly joins_in_step: number
  readonly removed_in_step: number | null
  readonly leaf: number
}

/** One operation. */
export interface WalkStep {
  readonly n: number
  readonly op: string
  readonly size: number
  readonly observers: ReadonlyArray<string>
  readonly events: ReadonlyArray<WalkEvent>
  readonly state: WalkState
}

/** A recorded life of a group. */
export interface Walk {
  readonly format: string
  readonly now: number
  readonly ciphersuite: number
  readonly group_id: string
  readonly config: {
    readonly handshake: "public" | "private"
    readonly max_past_epochs: number
    readonly out_of_order_tolerance: number
    readonly maximum_forward_distance: number
  }
  readonly exporter: { readonly label: string; readonly context: string; readonly length: number }
  readonly people: ReadonlyArray<string>
  readonly observers: ReadonlyArray<WalkObserver>
  readonly steps: ReadonlyArray<WalkStep>
}

const state = closed({
  epoch: count,
  epoch_authenticator: hex,
  tree_hash: hex,
  confirmed_transcript_hash: hex,
  confirmation_tag: hex,
  group_context: hex,
  exporter_secret: hex,
  members: list(list(count, 2)),
})

const proposalFields = {
  type: count,
  name: text,
  identity: optional(hex),
  removed: optional(count),
  component: optional(count),
  op: optional(oneOf("update", "remove")),
  data: optional(hex),
}

const common = { kind: text, wire: hex, to: list(text) }
const messageKind = oneOf("proposal", "commit", "application", "welcome")
const altered = record({ ...common, of: messageKind, why: optional(text) })

const events: ReadonlyMap<unknown, Shape> = new Map([
  [
    "proposal",
    record({ ...common, sender: count, reference: hex, proposal: record(proposalFields) }),
  ],
  [
    "commit",
    record({
      ...common,
      sender: count,
      epoch: count,
      path: flag,
      proposals: list(record({ ...proposalFields, sender: count, by_reference: flag })),
      removes: list(text),
      after: state,
    }),
  ],
  ["welcome", record({ ...common, sender: count, leaves: list(count) })],
  ["application", record({ ...common, sender: count, epoch: count, data: hex, aad: hex })],
  ["refuse", altered],
  ["lenient", altered],
])

const event: Shape = (value, at) => {
  const kind: unknown = typeof value === "object" && value !== null && "kind" in value
    ? value.kind
    : undefined
  const check = events.get(kind) ?? wrong(`${at}.kind`, "a known kind of event")
  check(value, at)
}

const walk = record({
  format: text,
  now: count,
  ciphersuite: oneOf(1),
  group_id: hex,
  config: record({
    handshake: oneOf("public", "private"),
    max_past_epochs: count,
    out_of_order_tolerance: count,
    maximum_forward_distance: count,
  }),
  exporter: record({ label: text, context: hex, length: count }),
  people: list(hex),
  observers: list(record({
    id: text,
    person: count,
    identity: hex,
    signature_private: hex,
    signature_public: hex,
    key_package: hex,
    key_package_ref: hex,
    init_private: hex,
    encryption_private: hex,
    joins_in_step: count,
    removed_in_step: (value, at) => value === null || count(value, at),
    leaf: count,
  })),
  steps: list(record({
    n: count,
    op: text,
    size: count,
    observers: list(text),
    events: list(event),
    state,
  })),
})

/** Reads a file; throws when it is not a walk of the one schema. */
export function parseWalk(content: string): Walk {
  const value = parseJson(content) as Walk
  if (value?.format !== WALK_FORMAT) throw new Error(`unknown schema: format is not ${WALK_FORMAT}`)
  walk(value, "walk")
  if (value.steps.length === 0) throw new Error("a walk without steps")
  const ids = new Set(value.observers.map(({ id }) => id))
  if (ids.size !== value.observers.length) throw new Error("two observers with one id")
  return value
}
