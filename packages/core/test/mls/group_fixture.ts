/**
 * Members, groups and replayable randomness for tests of the MLS room.
 *
 * @module
 */
import assert from "node:assert/strict"
import { defaultCryptoProvider } from "../../src/crypto/default_provider.ts"
import type { CryptoProvider } from "../../src/crypto/provider.ts"
import * as mls from "../../src/mls/mod.ts"
import type { EntropyService } from "../../src/services/entropy.ts"
import { encodeHex } from "../../src/codec/hex.ts"

/** The provider of this runtime. */
export const crypto: CryptoProvider = defaultCryptoProvider()

/** Bytes that follow from a seed. */
export function seededEntropy(seed: string): EntropyService {
  let counter = 0
  const text = new TextEncoder()
  return {
    bytes: (length) => {
      const out = new Uint8Array(length)
      for (let at = 0; at < length; at += 32) {
        const block = crypto.sha256(text.encode(`${seed}/${counter++}`))
        out.set(block.subarray(0, Math.min(32, length - at)), at)
      }
      return out
    },
  }
}

/** A small generator of choices that follow from a seed. */
export class Choices {
  readonly #entropy: EntropyService

  /** @param seed shown when a test fails. */
  constructor(seed: string) {
    this.#entropy = seededEntropy(`choices/${seed}`)
  }

  /** 0 to `count - 1`. */
  below(count: number): number {
    const b = this.#entropy.bytes(4)
    return new DataView(b.buffer).getUint32(0) % count
  }

  /** One of these. */
  pick<T>(items: ReadonlyArray<T>): T {
    const item = items[this.below(items.length)]
    assert.ok(item !== undefined)
    return item
  }

  /** True in `percent` of all cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }
}

/** Everything that the draft and Marmot ask for. */
export const capabilities: mls.Capabilities = {
  versions: [1],
  cipherSuites: [1],
  extensions: [3, 6, 0xff01],
  proposals: [8, 10],
  credentials: [1],
}

/** The lifetime that every fixture has, and a time inside of it. */
export const lifetime: mls.Lifetime = { notBefore: 1_000n, notAfter: 1_000n + 7_261_200n }
/** Inside of {@link lifetime}. */
export const now = 5_000n

/** Policy of a careful receiver. */
export const policy: mls.MlsPolicy = { lifetime: { maxSpan: mls.MARMOT_MAX_LIFETIME, now } }

/** Text as bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A fresh KeyPackage of somebody. */
export function keyPackage(
  entropy: EntropyService,
  name: string,
  options: Partial<mls.GenerateKeyPackageOptions> = {},
): mls.OwnKeyPackage {
  return mls.generateKeyPackage({
    crypto,
    entropy,
    identity: utf8(name),
    capabilities,
    leafExtensions: [],
    lifetime,
    ...options,
  })
}

/** `required_capabilities` and a dictionary with one component. */
export function contextExtensions(): Array<mls.Extension> {
  return [
    mls.requiredCapabilitiesExtension({ extensions: [6], proposals: [8, 10], credentials: [] }),
    mls.appDataDictionaryExtension([{ componentId: 0x8001, data: utf8("name") }]),
  ]
}

/** A group of one. */
export function foundGroup(
  entropy: EntropyService,
  name: string,
  extensions: ReadonlyArray<mls.Extension> = contextExtensions(),
): mls.MlsGroup {
  return mls.createGroup({
    crypto,
    entropy,
    groupId: entropy.bytes(16),
    creator: keyPackage(entropy, name),
    extensions,
  })
}

/** Several members of one group, in leaf order, all in epoch 1. */
export function groupOfNames(
  entropy: EntropyService,
  names: ReadonlyArray<string>,
  options: Partial<mls.CommitOptions> = {},
): Array<mls.MlsGroup> {
  const [first = "a", ...others] = names
  const founder = foundGroup(entropy, first)
  if (others.length === 0) return [founder]
  const packages = others.map((n) => keyPackage(entropy, n))
  const made = mls.commit(founder, {
    entropy,
    policy,
    proposals: packages.map((k) => ({ type: "add", keyPackage: k.keyPackage })),
    ...options,
  })
  const { welcome } = made
  assert.ok(welcome)
  return [
    made.next,
    ...packages.map((k) => mls.join({ crypto, welcome, keyPackages: [k], policy }).group),
  ]
}

/** All values are in the same state. */
export function assertAgree(groups: ReadonlyArray<mls.MlsGroup>): void {
  const [first] = groups
  assert.ok(first)
  for (const g of groups) {
    assert.equal(encodeHex(g.contextBytes), encodeHex(first.contextBytes))
    assert.equal(encodeHex(g.epochAuthenticator), encodeHex(first.epochAuthenticator))
    assert.equal(encodeHex(g.ratchetTreeBytes), encodeHex(first.ratchetTreeBytes))
    assert.equal(g.stateId, first.stateId)
  }
}

/** Processes a commit and returns the next state. */
export function follow(group: mls.MlsGroup, message: Uint8Array): mls.MlsGroup {
  const result = mls.processMessage(group, message, policy)
  assert.ok(result.kind === "commit" && result.next !== undefined)
  return result.next
}

/** The reason with which a call is refused. */
export function refusal(call: () => unknown): mls.MlsErrorReason {
  try {
    call()
  } catch (error) {
    if (error instanceof mls.MlsError) return error.reason
    throw error
  }
  return assert.fail("was not refused")
}
