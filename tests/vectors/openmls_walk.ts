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
import assert from "node:assert/strict"
import {
  decodeState,
  encodeState,
  importKeyPackage,
  type ImportKeyPackageOptions,
  isSharedPart,
  join,
  keyPackageRef,
  MARMOT_MAX_LIFETIME,
  type MlsGroup,
  type MlsPolicy,
  type OwnKeyPackage,
  peek,
  processMessage,
  proposalTypeOf,
  retire,
} from "../../packages/core/src/mls/mod.ts"
import { crypto, hex, toHex } from "./rfc9420/family.ts"

interface WalkState {
  readonly epoch: number
  readonly epoch_authenticator: string
  readonly tree_hash: string
  readonly confirmed_transcript_hash: string
  readonly confirmation_tag: string
  readonly group_context: string
  readonly exporter_secret: string
  readonly members: ReadonlyArray<readonly [leaf: number, person: number]>
}

interface WalkProposal {
  readonly type: number
  readonly sender: number
  readonly by_reference: boolean
}

type WalkEvent =
  & { readonly wire: string; readonly to: ReadonlyArray<string> }
  & (
    | {
      readonly kind: "proposal"
      readonly sender: number
      readonly reference: string
      readonly proposal: { readonly type: number }
    }
    | {
      readonly kind: "commit"
      readonly sender: number
      readonly epoch: number
      readonly path: boolean
      readonly proposals: ReadonlyArray<WalkProposal>
      readonly removes: ReadonlyArray<string>
      readonly after: WalkState
    }
    | { readonly kind: "welcome"; readonly leaves: ReadonlyArray<number> }
    | {
      readonly kind: "application"
      readonly epoch: number
      readonly sender: number
      readonly data: string
      readonly aad: string
    }
    | { readonly kind: "refuse"; readonly of: string; readonly why: string }
    | { readonly kind: "lenient"; readonly of: string }
  )

interface WalkObserver {
  readonly id: string
  readonly signature_private: string
  readonly key_package: string
  readonly key_package_ref: string
  readonly init_private: string
  readonly encryption_private: string
}

interface WalkStep {
  readonly n: number
  readonly op: string
  readonly observers: ReadonlyArray<string>
  readonly events: ReadonlyArray<WalkEvent>
  readonly state: WalkState
}

interface Walk {
  readonly format: string
  readonly now: number
  readonly ciphersuite: number
  readonly config: {
    readonly handshake: string
    readonly max_past_epochs: number
    readonly out_of_order_tolerance: number
    readonly maximum_forward_distance: number
  }
  readonly exporter: { readonly label: string; readonly context: string; readonly length: number }
  readonly people: ReadonlyArray<string>
  readonly observers: ReadonlyArray<WalkObserver>
  readonly steps: ReadonlyArray<WalkStep>
}

/** How a walk went. */
export interface WalkResult {
  /** Events and step ends that held. */
  readonly passed: number
  /** Events that did not hold, or could not be reached any more. */
  readonly failed: number
  /** What went wrong first, if anything. */
  readonly reason: string | undefined
}

class Observer {
  readonly keyPackage: OwnKeyPackage
  // The current state last, up to `max_past_epochs` before it.
  #states: Array<MlsGroup> = []

  constructor(recorded: WalkObserver) {
    const options: ImportKeyPackageOptions = {
      crypto,
      keyPackage: hex(recorded.key_package).subarray(4),
      initKey: hex(recorded.init_private),
      leafKey: hex(recorded.encryption_private),
      signatureSeed: hex(recorded.signature_private),
    }
    this.keyPackage = importKeyPackage(options)
    assert.equal(
      toHex(keyPackageRef(crypto, this.keyPackage.keyPackage)),
      recorded.key_package_ref,
    )
  }

  get current(): MlsGroup {
    const state = this.#states.at(-1)
    assert.ok(state, "observer has no group")
    return state
  }

  get hasGroup(): boolean {
    return this.#states.length > 0
  }

  // Only application messages may be late: a handshake message belongs to the current state.
  stateFor(message: Uint8Array): MlsGroup {
    const head = peek(message)
    if (!("content" in head) || head.content !== "application") return this.current
    const state = this.#states.find((s) => s.epoch === head.epoch)
    if (state === undefined) throw new Error("no state of that epoch is kept")
    return state
  }

  replace(before: MlsGroup, after: MlsGroup): void {
    this.#states = this.#states.map((s) => s === before ? after : s)
    if (before !== after) retire(before)
  }

  advance(next: MlsGroup, pastEpochs: number): void {
    this.#states.push(next)
    while (this.#states.length > pastEpochs + 1) retire(this.#states.shift() as MlsGroup)
  }

  reload(limits: { readonly outOfOrder: number; readonly forward: number }): void {
    this.#states = this.#states.map((state) => {
      const again = decodeState({ crypto, parts: encodeState(state), limits })
      assert.deepEqual(snapshot([again]), snapshot([state]), "stored parts differ")
      retire(state)
      return again
    })
  }

  snapshot(): ReadonlyArray<string> {
    return snapshot(this.#states)
  }
}

// The shared parts are named by their content.
function snapshot(states: ReadonlyArray<MlsGroup>): ReadonlyArray<string> {
  return states.flatMap((state) =>
    [...encodeState(state)].map(([name, bytes]) =>
      isSharedPart(name) ? name : `${state.stateId} ${name} ${toHex(crypto.sha256(bytes))}`
    ).sort()
  )
}

class Player {
  readonly #walk: Walk
  readonly #observers: ReadonlyMap<string, Observer>
  readonly #policy: MlsPolicy
  readonly #limits: { readonly outOfOrder: number; readonly forward: number }
  #lastCommit: WalkState | undefined

  constructor(walk: Walk) {
    this.#walk = walk
    this.#observers = new Map(walk.observers.map((o) => [o.id, new Observer(o)]))
    this.#policy = {
      lifetime: { now: BigInt(walk.now), maxSpan: MARMOT_MAX_LIFETIME },
      handshakes: "public",
    }
    this.#limits = {
      outOfOrder: walk.config.out_of_order_tolerance,
      forward: walk.config.maximum_forward_distance,
    }
  }

  event(event: WalkEvent): void {
    if (event.kind === "commit") this.#lastCommit = event.after
    const message = hex(event.wire)
    event.to.forEach((id, index) => {
      const observer = this.#observers.get(id)
      assert.ok(observer, "unknown observer")
      switch (event.kind) {
        case "proposal":
          return this.#proposal(observer, event, message)
        case "commit":
          return this.#commit(observer, event, message, event.removes.includes(id))
        case "welcome":
          return this.#welcome(observer, message, event.leaves[index])
        case "application":
          return this.#application(observer, event, message)
        case "refuse":
        case "lenient":
          return this.#refuse(observer, event.of, message)
        default:
          throw new Error("unknown kind of event")
      }
    })
  }

  endStep(step: WalkStep): void {
    for (const id of step.observers) {
      const observer = this.#observers.get(id)
      assert.ok(observer)
      this.#assertState(observer.current, step.state)
      observer.reload(this.#limits)
      this.#assertState(observer.current, step.state)
    }
  }

  #proposal(
    observer: Observer,
    event: WalkEvent & { kind: "proposal" },
    message: Uint8Array,
  ): void {
    const before = observer.stateFor(message)
    const received = processMessage(before, message, this.#policy)
    assert.equal(received.kind, "proposal")
    assert.equal(received.sender.leafIndex, event.sender)
    assert.equal(toHex(received.proposal.ref), event.reference)
    assert.equal(proposalTypeOf(received.proposal.proposal), event.proposal.type)
    assert.equal(received.group.stateId, before.stateId)
    observer.replace(before, received.group)
  }

  #commit(
    observer: Observer,
    event: WalkEvent & { kind: "commit" },
    message: Uint8Array,
    removed: boolean,
  ): void {
    const before = observer.stateFor(message)
    const parts = observer.snapshot()
    const received = processMessage(before, message, this.#policy)
    assert.equal(received.kind, "commit")
    const { preview, next } = received
    assert.equal(preview.committer.leafIndex, event.sender)
    assert.equal(preview.epoch, BigInt(event.epoch))
    assert.equal(preview.hasPath, event.path)
    assert.deepEqual(
      preview.proposals.map((p) => ({
        type: proposalTypeOf(p.proposal),
        sender: p.sender,
        by_reference: p.ref !== undefined,
      })),
      event.proposals.map(({ type, sender, by_reference }) => ({ type, sender, by_reference })),
    )
    assert.equal(preview.ownRemoval, removed)
    assert.deepEqual(observer.snapshot(), parts, "a commit under examination changes nothing")
    if (removed) {
      assert.equal(next, undefined)
      return
    }
    assert.ok(next)
    this.#assertState(next, event.after)
    assert.deepEqual(
      preview.members().map((m) => m.leafIndex),
      event.after.members.map(([leaf]) => leaf),
    )
    observer.advance(next, this.#walk.config.max_past_epochs)
  }

  #welcome(observer: Observer, message: Uint8Array, leaf: number | undefined): void {
    assert.equal(observer.hasGroup, false)
    const joined = this.#join(observer, message)
    assert.equal(joined.ownLeaf, leaf)
    assert.ok(this.#lastCommit)
    this.#assertState(joined, this.#lastCommit)
    observer.advance(joined, this.#walk.config.max_past_epochs)
  }

  #application(
    observer: Observer,
    event: WalkEvent & { kind: "application" },
    message: Uint8Array,
  ): void {
    const before = observer.stateFor(message)
    const received = processMessage(before, message, this.#policy)
    assert.equal(received.kind, "application")
    assert.equal(received.epoch, BigInt(event.epoch))
    assert.equal(received.sender.leafIndex, event.sender)
    assert.equal(toHex(received.plaintext), event.data)
    assert.equal(toHex(received.authenticatedData), event.aad)
    observer.replace(before, received.group)
  }

  #refuse(observer: Observer, what: string, message: Uint8Array): void {
    const before = observer.snapshot()
    let accepted = true
    try {
      if (what === "welcome") this.#join(observer, message)
      else processMessage(observer.stateFor(message), message, this.#policy)
    } catch {
      accepted = false
    }
    assert.deepEqual(observer.snapshot(), before, "a refused message changes nothing")
    assert.equal(accepted, false, "must be refused")
  }

  #join(observer: Observer, welcome: Uint8Array): MlsGroup {
    return join({
      crypto,
      welcome,
      keyPackages: [observer.keyPackage],
      policy: this.#policy,
      limits: this.#limits,
    }).group
  }

  #assertState(group: MlsGroup, expected: WalkState): void {
    const { label, context, length } = this.#walk.exporter
    const { people } = this.#walk
    assert.deepEqual({
      epoch: Number(group.epoch),
      epoch_authenticator: toHex(group.epochAuthenticator),
      tree_hash: toHex(group.treeHash),
      confirmed_transcript_hash: toHex(group.context.confirmedTranscriptHash),
      confirmation_tag: toHex(group.confirmationTag),
      group_context: toHex(group.contextBytes),
      exporter_secret: toHex(group.exporter(label, hex(context), length)),
      members: group.members().map((m) => [m.leafIndex, people.indexOf(toHex(m.identity))]),
    }, expected)
  }
}

// The parser's own words would quote the file.
function parse(content: string): Walk {
  try {
    return JSON.parse(content)
  } catch {
    throw new Error("not JSON")
  }
}

/** Plays one recorded walk. */
export function playWalk(content: string): WalkResult {
  let passed = 0
  let total = 1
  let place = "reading the file"
  try {
    const walk = parse(content)
    assert.equal(walk.format, "openmls-walk/1", "unknown schema")
    assert.equal(walk.ciphersuite, 1, "unknown ciphersuite")
    total = walk.steps.reduce((sum, step) => sum + step.events.length + 1, 0)
    const player = new Player(walk)
    for (const step of walk.steps) {
      for (const [index, event] of step.events.entries()) {
        place = `step ${step.n} (${step.op}) event ${index} (${event.kind}${
          "of" in event ? ` ${event.of}` : ""
        }${"why" in event ? `: ${event.why}` : ""})`
        player.event(event)
        passed++
      }
      place = `end of step ${step.n} (${step.op})`
      player.endStep(step)
      passed++
    }
    return { passed, failed: 0, reason: undefined }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { passed, failed: Math.max(1, total - passed), reason: `${place}: ${message}` }
  }
}
