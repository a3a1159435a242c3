/**
 * Plays the MLS layer of the observers of a recorded MDK conversation.
 *
 * @module
 */
import assert from "node:assert/strict"
import { defaultCryptoProvider } from "../../src/crypto/default_provider.ts"
import { encodeGroupContext } from "../../src/mls/group_context.ts"
import * as mls from "../../src/mls/mod.ts"
import { decodeHex, encodeHex } from "../../src/codec/hex.ts"
import type { Transcript } from "../../../../tests/vectors/transcript_schema.ts"

/** What was seen while playing. */
export interface TranscriptCounts {
  joins: number
  commits: number
  applications: number
  removals: number
}

const crypto = defaultCryptoProvider()
const groupEvent = new TextEncoder().encode("group-event")

interface Observer {
  tip: mls.MlsGroup | undefined
  past: Array<mls.MlsGroup>
  removed: mls.CommitPreview | undefined
}

/** Plays a transcript; `fork` names steps whose rival commits are not judged here. */
export function playTranscript(transcript: Transcript): TranscriptCounts {
  const counts = { joins: 0, commits: 0, applications: 0, removals: 0 }
  const published = new Map(
    transcript.steps.flatMap((s) => s.publishes).map((p) => [p.event_id, p]),
  )
  const policy: mls.MlsPolicy = { lifetime: { maxSpan: mls.MARMOT_MAX_LIFETIME } }
  const observers = new Map(transcript.observers.map((name): [string, Observer] => [
    name,
    { tip: undefined, past: [], removed: undefined },
  ]))
  const keyPackages = new Map(transcript.accounts.map((a) => [
    a.name,
    a.key_packages.map((k) =>
      mls.importKeyPackage({
        crypto,
        keyPackage: decodeHex(k.mls_message).subarray(4),
        initKey: decodeHex(k.init_key.private),
        leafKey: decodeHex(k.leaf_encryption_key.private),
        signatureSeed: decodeHex(a.mls_signature_key.private),
      })
    ),
  ]))
  const deliver = (name: string, eventId: string): void => {
    const observer = observers.get(name)
    const p = published.get(eventId)
    assert.ok(observer && p)
    const message = decodeHex(p.mls_message)
    assert.equal(encodeHex(mls.messageDigest(crypto, message)), p.mls_message_sha256)
    if (p.mls_kind === "welcome") {
      const joined = mls.join({
        crypto,
        welcome: message,
        keyPackages: keyPackages.get(name) as Array<mls.OwnKeyPackage>,
        policy,
      })
      observer.tip = joined.group
      observer.removed = undefined
      counts.joins++
      return
    }
    if (observer.removed !== undefined || observer.tip === undefined) return
    const head = mls.peek(message)
    const epoch = "epoch" in head ? head.epoch : -1n
    const all = [observer.tip, ...observer.past]
    const state = all.find((g) => g.epoch === epoch)
    assert.ok(state, "no state of that epoch")
    const result = mls.processMessage(state, message, policy)
    if (result.kind === "application") {
      assert.equal(new TextDecoder().decode(result.plaintext), p.plaintext)
      counts.applications++
    }
    if (result.kind === "commit") {
      counts.commits++
      if (result.next === undefined) {
        observer.removed = result.preview
        counts.removals++
        return
      }
      observer.past = [state, ...observer.past].slice(0, 5)
      observer.tip = result.next
      return
    }
    if (state === observer.tip) observer.tip = result.group
    else observer.past[observer.past.indexOf(state)] = result.group
  }
  for (const step of transcript.steps) {
    try {
      for (const p of step.publishes) {
        // Own proposals are fed to their sender: a later commit refers to them.
        if (observers.has(p.sender) && p.mls_kind === "public proposal") {
          deliver(p.sender, p.event_id)
        }
      }
      for (const a of step.actions) {
        if (a.op !== "deliver" || a.to === undefined || a.event === undefined) continue
        if (observers.has(a.to)) deliver(a.to, a.event)
      }
      for (const [name, observer] of observers) {
        const view = step.members[name]
        if (view === undefined) continue
        if (view.removed) {
          assert.ok(observer.removed)
          const { context } = observer.removed
          assert.equal(encodeHex(context.treeHash), view.evicted_view?.tree_hash)
          // The engine's own view keeps the old transcript hash, so members who stay are asked.
          const stays = Object.values(step.members).find((m) => m.state !== null)?.state ?? ""
          const state = transcript.states[stays]
          if (state !== undefined && BigInt(state.epoch) === context.epoch) {
            assert.equal(encodeHex(encodeGroupContext(context)), state.group_context)
          }
          continue
        }
        assert.ok(observer.tip)
        const expected = transcript.states[view.state ?? ""]
        assert.ok(expected)
        assert.equal(observer.tip.ownLeaf, view.own_leaf_index)
        assert.equal(encodeHex(observer.tip.contextBytes), expected.group_context)
        assert.equal(encodeHex(observer.tip.treeHash), expected.tree_hash)
        assert.equal(encodeHex(observer.tip.epochAuthenticator), expected.epoch_authenticator)
        assert.equal(encodeHex(observer.tip.ratchetTreeBytes), expected.ratchet_tree)
        assert.equal(
          encodeHex(observer.tip.exporter("marmot", groupEvent, 32)),
          expected.exporter_group_event,
        )
      }
    } catch (error) {
      throw new Error(`step ${step.name}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      })
    }
  }
  return counts
}
