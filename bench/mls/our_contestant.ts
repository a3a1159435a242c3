/**
 * Our machine in the benchmark.
 *
 * @module
 */
import {
  changedParts,
  commit,
  createGroup,
  decodeState,
  encodeState,
  generateKeyPackage,
  join,
  MARMOT_MAX_LIFETIME,
  type MlsGroup,
  type OwnCommit,
  type OwnKeyPackage,
  processMessage,
  retire,
  seal,
} from "../../packages/core/src/mls/mod.ts"
import type { CryptoProvider } from "../../packages/core/src/crypto/mod.ts"
import { systemEntropy } from "../../packages/core/src/services/mod.ts"
import { timeEach } from "../measurement.ts"
import { type ColdTimes, type Contestant, type Operation, warmLeaves } from "./contestant.ts"
import { type Metered, type MeteredProvider, meteredProvider } from "./metered_provider.ts"

const entropy = systemEntropy
const plaintext = new Uint8Array(200).fill(7)

/** Our machine on one provider. */
export class OurContestant implements Contestant {
  readonly name: string
  readonly #crypto: CryptoProvider
  readonly #meter: MeteredProvider
  #alice: MlsGroup | undefined
  #bob: MlsGroup | undefined

  constructor(name: string, provider: CryptoProvider) {
    this.name = name
    this.#meter = meteredProvider(provider)
    this.#crypto = this.#meter.provider
  }

  async setup(size: number): Promise<ColdTimes> {
    const people = Array.from({ length: size }, (_, i) => this.#person(i))
    const [founder, ...others] = people as [OwnKeyPackage, ...Array<OwnKeyPackage>]
    const alone = this.#found(founder)
    const made = commit(alone, { entropy, proposals: others.map(add) })
    const [first, ...rest] = warmLeaves(size)
    let groups = [
      made.next,
      ...rest.map((leaf) => this.#join(made, people[leaf] as OwnKeyPackage)),
    ]
    let cold: ColdTimes = { commit: 0, process: 0 }
    for (let i = 0; i < groups.length; i++) {
      let update: OwnCommit | undefined
      const [commitTime] = await timeEach(1, () => {
        update = this.#update(groups[i] as MlsGroup)
      })
      const { message, next } = update as OwnCommit
      const next_: Array<MlsGroup> = []
      let processTime = 0
      for (const [j, group] of groups.entries()) {
        if (i === j) {
          next_.push(next)
          continue
        }
        const [time] = await timeEach(1, () => next_.push(this.#follow(group, message)))
        processTime = time ?? 0
      }
      groups = next_
      if (i === first) cold = { commit: commitTime ?? 0, process: processTime }
    }
    this.#alice = groups[0]
    this.#bob = groups.at(-1)
    return cold
  }

  async run(operation: Operation, count: number): Promise<ReadonlyArray<number>> {
    const { action, prepare } = this.#operation(operation)
    const prepared = Array.from({ length: count }, prepare ?? (() => undefined))
    const sent: Array<unknown> = []
    const times = await timeEach(count, (i) => {
      sent[i] = action(prepared[i])
    })
    if (operation === "seal 200 B") {
      for (const message of sent) {
        this.#open(message as Uint8Array)
      }
    }
    return times
  }

  /** Time and calls inside of primitives of one operation: the average of the best batch. */
  primitives(operation: Operation, batches: number, count: number): Metered {
    const { action, prepare } = this.#operation(operation)
    let best: Metered | undefined
    for (let batch = 0; batch < batches; batch++) {
      let sum = 0
      let calls: Metered["calls"] = {}
      for (let i = 0; i < count; i++) {
        const input = prepare?.()
        const one = this.#meter.measure(() => action(input))
        sum += one.micros
        calls = one.calls
      }
      const micros = sum / count
      if (best === undefined || micros < best.micros) best = { micros, calls }
    }
    return best as Metered
  }

  stop(): void {}

  #operation(operation: Operation): {
    readonly action: (input: unknown) => unknown
    readonly prepare?: () => unknown
  } {
    const alice = this.#alice as MlsGroup
    const bob = this.#bob as MlsGroup
    switch (operation) {
      case "key package":
        return { action: () => this.#person(1) }
      case "create group": {
        const founder = this.#person(1)
        return { action: () => this.#found(founder) }
      }
      case "add: commit": {
        const joiner = this.#person(1)
        return { action: () => retire(commit(alice, { entropy, proposals: [add(joiner)] }).next) }
      }
      case "add: process": {
        const { message } = commit(alice, { entropy, proposals: [add(this.#person(1))] })
        return { action: () => retire(this.#follow(bob, message)) }
      }
      case "add: join": {
        const joiner = this.#person(1)
        const made = commit(alice, { entropy, proposals: [add(joiner)] })
        return { action: () => retire(this.#join(made, joiner)) }
      }
      case "update: commit":
        return { action: () => retire(this.#update(alice).next) }
      case "update: process": {
        const { message } = this.#update(alice)
        return { action: () => retire(this.#follow(bob, message)) }
      }
      case "seal 200 B":
        return { action: () => this.#seal() }
      case "open 200 B":
        return {
          prepare: () => this.#seal(),
          action: (message) => this.#open(message as Uint8Array),
        }
      case "encode state":
        return { action: () => encodeState(bob) }
      case "decode state": {
        const parts = encodeState(bob)
        return { action: () => retire(decodeState({ crypto: this.#crypto, parts })) }
      }
      case "store a message": {
        const received = processMessage(bob, this.#seal())
        if (received.kind !== "application") throw new Error("unexpected")
        return { action: () => changedParts(bob, received.group) }
      }
      case "store a commit": {
        const next = this.#follow(bob, this.#update(alice).message)
        return { action: () => changedParts(bob, next) }
      }
    }
  }

  #seal(): Uint8Array {
    const before = this.#alice as MlsGroup
    const sealed = seal(before, plaintext, { entropy })
    this.#alice = sealed.group
    retire(before)
    return sealed.message
  }

  #open(message: Uint8Array): void {
    const before = this.#bob as MlsGroup
    const received = processMessage(before, message)
    if (received.kind !== "application") throw new Error("unexpected")
    this.#bob = received.group
    retire(before)
  }

  #update(group: MlsGroup): OwnCommit {
    return commit(group, { entropy, path: "force" })
  }

  #follow(group: MlsGroup, message: Uint8Array): MlsGroup {
    const received = processMessage(group, message)
    if (received.kind !== "commit" || received.next === undefined) throw new Error("unexpected")
    return received.next
  }

  #join({ welcome }: OwnCommit, keyPackage: OwnKeyPackage): MlsGroup {
    if (welcome === undefined) throw new Error("unexpected")
    return join({ crypto: this.#crypto, welcome, keyPackages: [keyPackage] }).group
  }

  #found(creator: OwnKeyPackage): MlsGroup {
    return createGroup({
      crypto: this.#crypto,
      entropy,
      groupId: new Uint8Array(32).fill(9),
      creator,
      extensions: [],
    })
  }

  #person(index: number): OwnKeyPackage {
    const identity = new Uint8Array(32)
    new DataView(identity.buffer).setUint32(0, index)
    const now = BigInt(Math.floor(Date.now() / 1000))
    return generateKeyPackage({
      crypto: this.#crypto,
      entropy,
      identity,
      capabilities: {
        versions: [1],
        cipherSuites: [1],
        extensions: [6, 0xff01],
        proposals: [8, 10],
        credentials: [1],
      },
      leafExtensions: [],
      lifetime: { notBefore: now - 3600n, notAfter: now - 3600n + MARMOT_MAX_LIFETIME },
    })
  }
}

function add(keyPackage: OwnKeyPackage) {
  return { type: "add", keyPackage: keyPackage.keyPackage } as const
}
