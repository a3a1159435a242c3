/**
 * Plays the observers of a recorded OpenMLS walk.
 *
 * @module
 */
import assert from "node:assert/strict"
import { defaultCryptoProvider } from "../../src/crypto/default_provider.ts"
import * as mls from "../../src/mls/mod.ts"
import { fromHex, toHex } from "./vector_files.ts"

interface WalkState {
  epoch: number
  epoch_authenticator: string
  tree_hash: string
  confirmed_transcript_hash: string
  confirmation_tag: string
  group_context: string
  exporter_secret: string
  members: Array<[number, number]>
}

interface WalkEvent {
  kind: "proposal" | "commit" | "welcome" | "application" | "refuse" | "lenient"
  wire: string
  to: Array<string>
  of?: string
  why?: string
  sender?: number
  epoch?: number
  path?: boolean
  removes?: Array<string>
  after?: WalkState
  reference?: string
  data?: string
  aad?: string
  proposals?: Array<{ type: number; sender: number; by_reference: boolean }>
}

/** A walk file. */
export interface Walk {
  format: string
  now: number
  group_id: string
  exporter: { label: string; context: string; length: number }
  people: Array<string>
  observers: Array<{
    id: string
    signature_private: string
    key_package: string
    init_private: string
    encryption_private: string
    leaf: number
  }>
  steps: Array<
    { n: number; op: string; events: Array<WalkEvent>; observers: Array<string>; state: WalkState }
  >
}

/** What was seen while playing. */
export interface WalkCounts {
  commits: number
  joins: number
  applications: number
  refusals: number
  removals: number
}

const crypto = defaultCryptoProvider()

function checkState(walk: Walk, group: mls.MlsGroup, state: WalkState): void {
  assert.equal(Number(group.epoch), state.epoch)
  assert.equal(toHex(group.contextBytes), state.group_context)
  assert.equal(toHex(group.treeHash), state.tree_hash)
  assert.equal(toHex(group.epochAuthenticator), state.epoch_authenticator)
  assert.equal(toHex(group.confirmationTag), state.confirmation_tag)
  const { label, context, length } = walk.exporter
  assert.equal(toHex(group.exporter(label, fromHex(context), length)), state.exporter_secret)
  assert.deepEqual(
    group.members().map((m) => [m.leafIndex, walk.people.indexOf(toHex(m.identity))]),
    state.members,
  )
}

/** Plays a walk; throws at the first difference. */
export function playWalk(walk: Walk): WalkCounts {
  assert.equal(walk.format, "openmls-walk/1")
  const counts = { commits: 0, joins: 0, applications: 0, refusals: 0, removals: 0 }
  const observers = new Map<string, mls.EpochWindow>()
  const policy: mls.MlsPolicy = {
    lifetime: { maxSpan: mls.MARMOT_MAX_LIFETIME, now: BigInt(walk.now) },
    handshakes: "public",
  }
  const own = new Map(walk.observers.map((o) => [
    o.id,
    mls.importKeyPackage({
      crypto,
      keyPackage: fromHex(o.key_package).subarray(4),
      initKey: fromHex(o.init_private),
      leafKey: fromHex(o.encryption_private),
      signatureSeed: fromHex(o.signature_private),
    }),
  ]))
  const join = (id: string, wire: Uint8Array): mls.MlsGroup =>
    mls.join({
      crypto,
      welcome: wire,
      keyPackages: [own.get(id) as mls.OwnKeyPackage],
      policy,
    }).group
  for (const step of walk.steps) {
    for (const event of step.events) {
      const wire = fromHex(event.wire)
      for (const id of event.to) {
        const at = `step ${step.n} (${step.op}) ${event.kind} ${event.of ?? ""} ${event.why ?? ""}`
        const observer = observers.get(id)
        try {
          switch (event.kind) {
            case "welcome":
              observers.set(id, mls.openWindow(join(id, wire)))
              counts.joins++
              break
            case "refuse":
            case "lenient": {
              const before = observer?.tip?.stateId
              let refused = false
              try {
                if (event.of === "welcome") join(id, wire)
                else if (observer !== undefined) mls.processInWindow(observer, wire, policy)
              } catch (error) {
                if (!(error instanceof mls.MlsError)) throw error
                refused = true
              }
              assert.ok(refused, "must be refused")
              assert.equal(observer?.tip?.stateId, before)
              counts.refusals++
              break
            }
            case "proposal": {
              assert.ok(observer)
              const { processed: result, window } = mls.processInWindow(observer, wire, policy)
              assert.equal(result.kind, "proposal")
              if (result.kind !== "proposal") break
              assert.equal(toHex(result.proposal.ref), event.reference)
              assert.equal(result.sender.leafIndex, event.sender)
              observers.set(id, window)
              break
            }
            case "commit": {
              assert.ok(observer)
              const { processed: result, window } = mls.processInWindow(observer, wire, policy)
              assert.equal(result.kind, "commit")
              if (result.kind !== "commit") break
              assert.equal(result.preview.committer.leafIndex, event.sender)
              assert.equal(result.preview.hasPath, event.path)
              assert.deepEqual(
                result.preview.proposals.map((p) => [
                  mls.proposalTypeOf(p.proposal),
                  p.sender,
                  p.ref !== undefined,
                ]),
                event.proposals?.map((p) => [p.type, p.sender, p.by_reference]),
              )
              if (event.removes?.includes(id)) {
                assert.ok(result.preview.ownRemoval)
                assert.equal(result.next, undefined)
                counts.removals++
                break
              }
              assert.ok(result.next)
              checkState(walk, result.next, event.after as WalkState)
              assert.deepEqual(result.preview.context.treeHash, result.next.treeHash)
              const { window: next, dropped } = mls.advanceWindow(window, result.next)
              observers.set(id, next)
              for (const group of dropped) mls.retire(group)
              counts.commits++
              break
            }
            case "application": {
              assert.ok(observer)
              const at = mls.processInWindow(observer, wire, policy)
              const result = at.processed
              assert.equal(result.kind, "application")
              if (result.kind !== "application") break
              assert.equal(toHex(result.plaintext), event.data)
              assert.equal(toHex(result.authenticatedData), event.aad)
              assert.equal(result.sender.leafIndex, event.sender)
              observers.set(id, at.window)
              if (at.replaced !== undefined) mls.retire(at.replaced)
              counts.applications++
              break
            }
          }
        } catch (error) {
          throw new Error(`${at}: ${error instanceof Error ? error.message : error}`, {
            cause: error,
          })
        }
      }
    }
    for (const id of step.observers) {
      const tip = observers.get(id)?.tip
      assert.ok(tip)
      checkState(walk, tip, step.state)
    }
  }
  return counts
}
