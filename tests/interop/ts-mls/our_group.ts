/**
 * Small groups on our machine, with the values in reach.
 *
 * @module
 */
import assert from "node:assert/strict"
import {
  commit,
  type CommitReceived,
  createGroup,
  generateKeyPackage,
  type InlineProposal,
  join,
  type MlsGroup,
  type OwnCommit,
  type OwnKeyPackage,
  processMessage,
  seal,
} from "../../../packages/core/src/mls/mod.ts"
import {
  type CryptoProvider,
  defaultCryptoProvider,
} from "../../../packages/core/src/crypto/mod.ts"
import { type EntropyService, systemEntropy } from "../../../packages/core/src/services/mod.ts"

/** The primitives. */
export const crypto: CryptoProvider = defaultCryptoProvider()
/** The random source. */
export const entropy: EntropyService = systemEntropy

/** A fresh KeyPackage. */
export function person(name: string): OwnKeyPackage {
  const now = BigInt(Math.floor(Date.now() / 1000))
  return generateKeyPackage({
    crypto,
    entropy,
    identity: new TextEncoder().encode(name),
    capabilities: {
      versions: [1],
      cipherSuites: [1],
      extensions: [6, 0xff01],
      proposals: [8, 10],
      credentials: [1],
    },
    leafExtensions: [],
    lifetime: { notBefore: now - 3600n, notAfter: now + 7_000_000n },
  })
}

/** An Add. */
export function add(keyPackage: OwnKeyPackage): InlineProposal {
  return { type: "add", keyPackage: keyPackage.keyPackage }
}

/** A Remove. */
export function remove(leafIndex: number): InlineProposal {
  return { type: "remove", leafIndex }
}

/** A commit of inline proposals. */
export function commitOf(group: MlsGroup, ...proposals: ReadonlyArray<InlineProposal>): OwnCommit {
  return commit(group, { entropy, proposals })
}

/** Joins. */
export function joinOf(welcome: Uint8Array | undefined, keyPackage: OwnKeyPackage): MlsGroup {
  assert.ok(welcome)
  return join({ crypto, welcome, keyPackages: [keyPackage] }).group
}

/** Reads a commit. */
export function receiveCommit(group: MlsGroup, message: Uint8Array): CommitReceived {
  const received = processMessage(group, message)
  assert.equal(received.kind, "commit")
  return received
}

/** Reads a commit that keeps us in the group. */
export function follow(group: MlsGroup, message: Uint8Array): MlsGroup {
  const { next } = receiveCommit(group, message)
  assert.ok(next)
  return next
}

/** Seals a text. */
export function say(group: MlsGroup, text: string): { group: MlsGroup; message: Uint8Array } {
  return seal(group, new TextEncoder().encode(text), { entropy })
}

/** A group of so many members in leaf order, each with a path of its own. */
export function groupOf(size: number): Array<MlsGroup> {
  const people = Array.from({ length: size }, (_, i) => person(`member ${i}`))
  const [founder, ...others] = people
  assert.ok(founder)
  const alone = createGroup({
    crypto,
    entropy,
    groupId: entropy.bytes(32),
    creator: founder,
    extensions: [],
  })
  let groups = [alone]
  if (others.length > 0) {
    const made = commitOf(alone, ...others.map(add))
    groups = [made.next, ...others.map((other) => joinOf(made.welcome, other))]
  }
  for (let i = 0; i < size; i++) {
    const made = commit(groups[i] as MlsGroup, { entropy, path: "force" })
    groups = groups.map((g, j) => i === j ? made.next : follow(g, made.message))
  }
  return groups
}
