/**
 * What one received message changes of an MLS state, and what that writes to disk.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { statSync } from "node:fs"
import { defaultCryptoProvider } from "../../packages/core/src/crypto/mod.ts"
import {
  changedParts,
  commit,
  createGroup,
  encodeState,
  generateKeyPackage,
  join,
  MARMOT_MAX_LIFETIME,
  type MlsGroup,
  type OwnKeyPackage,
  processMessage,
  seal,
} from "../../packages/core/src/mls/mod.ts"
import {
  type StorageService,
  systemEntropy,
  type Verb,
} from "../../packages/core/src/services/mod.ts"
import { batch, RATCHETS } from "./timeline.ts"

const entropy = systemEntropy

/** Rows and bytes of one received message. */
export interface ReceivedBytes {
  /** Members of the group. */
  readonly members: number
  /** Parts of the state that changed, a message. */
  readonly parts: number
  /** Bytes of those parts, a message. */
  readonly partBytes: number
  /** Bytes appended to the write-ahead log, a message. */
  readonly logBytes: number
}

/**
 * Receives messages in a group of some size and stores each in a batch of its own. Somebody must hold
 * a read transaction, so that the log grows and is not used anew.
 */
export const receivedBytes = (
  storage: StorageService,
  path: string,
  members: number,
  messages: number,
): Effect.Effect<ReceivedBytes, unknown> =>
  Effect.gen(function* () {
    const { sender, receiver } = pair(members)
    let mine = receiver
    let theirs = sender
    const whole = [...encodeState(mine)].map(([name, value]) => put(members, name, value))
    yield* storage.commit(batch(whole))
    let parts = 0
    let partBytes = 0
    let logBytes = 0
    // The first message makes the sender's ratchet of the secret tree: counted apart from the others.
    for (let i = -1; i < messages; i++) {
      const sealed = seal(theirs, new Uint8Array(200).fill(i), { entropy })
      theirs = sealed.group
      const received = processMessage(mine, sealed.message)
      if (received.kind !== "application") return yield* Effect.fail("not an application message")
      const changes = changedParts(mine, received.group)
      mine = received.group
      const verbs = [...changes.put].map(([name, value]) => put(members, name, value))
      for (const name of changes.remove) {
        verbs.push({ verb: "delete", collection: RATCHETS.name, key: key(members, name) })
      }
      const counts = i >= 0 ? 1 : 0
      parts += counts * (changes.put.size + changes.remove.length)
      for (const value of changes.put.values()) partBytes += counts * value.length
      const before = statSync(`${path}-wal`).size
      yield* storage.commit(batch(verbs))
      logBytes += counts * (statSync(`${path}-wal`).size - before)
    }
    return {
      members,
      parts: parts / messages,
      partBytes: partBytes / messages,
      logBytes: logBytes / messages,
    }
  })

const key = (members: number, name: string): string => `state/${members}/${name}`

const put = (members: number, name: string, value: Uint8Array): Verb => ({
  verb: "put",
  collection: RATCHETS.name,
  key: key(members, name),
  value,
})

function pair(members: number): { readonly sender: MlsGroup; readonly receiver: MlsGroup } {
  const people = Array.from({ length: members }, (_, index) => person(index))
  const [founder, ...others] = people as [OwnKeyPackage, ...Array<OwnKeyPackage>]
  const alone = createGroup({
    crypto: defaultCryptoProvider(),
    groupId: entropy.bytes(16),
    creator: founder,
    extensions: [],
    entropy,
  })
  const made = commit(alone, {
    entropy,
    proposals: others.map(({ keyPackage }) => ({ type: "add", keyPackage }) as const),
  })
  const last = others.at(-1) as OwnKeyPackage
  const { group } = join({
    crypto: defaultCryptoProvider(),
    welcome: made.welcome as Uint8Array,
    keyPackages: [last],
  })
  return { sender: made.next, receiver: group }
}

function person(index: number): OwnKeyPackage {
  const now = BigInt(Math.trunc(Date.now() / 1000))
  return generateKeyPackage({
    crypto: defaultCryptoProvider(),
    identity: new Uint8Array(32).fill(index % 251),
    capabilities: {
      versions: [1],
      cipherSuites: [1],
      extensions: [6],
      proposals: [8, 10],
      credentials: [1],
    },
    leafExtensions: [],
    lifetime: { notBefore: now - 3600n, notAfter: now - 3600n + MARMOT_MAX_LIFETIME },
    entropy,
  })
}
