/**
 * The public functions of ts-mls 1.6.4 in the benchmark.
 *
 * @module
 */
import {
  type ClientState,
  createGroup,
  decodeGroupState,
  encodeGroupState,
  joinGroup,
} from "ts-mls/clientState.js"
import { createApplicationMessage } from "ts-mls/createMessage.js"
import { createCommit } from "ts-mls/createCommit.js"
import { type CiphersuiteImpl, getCiphersuiteFromName } from "ts-mls/crypto/ciphersuite.js"
import { getCiphersuiteImpl } from "ts-mls/crypto/getCiphersuiteImpl.js"
import { acceptAll } from "ts-mls/incomingMessageAction.js"
import { generateKeyPackage, type KeyPackage, type PrivateKeyPackage } from "ts-mls/keyPackage.js"
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from "ts-mls/message.js"
import { processMessage } from "ts-mls/processMessages.js"
import type { Proposal } from "ts-mls/proposal.js"
import { emptyPskIndex } from "ts-mls/pskIndex.js"
import { timeEach } from "../measurement.ts"
import { type ColdTimes, type Contestant, type Operation, warmLeaves } from "./contestant.ts"

interface Person {
  readonly publicPackage: KeyPackage
  readonly privatePackage: PrivateKeyPackage
}

interface Made {
  readonly commit: Uint8Array
  readonly welcome: Uint8Array | undefined
  readonly state: ClientState
}

const plaintext = new Uint8Array(200).fill(7)

/** ts-mls 1.6.4 with its default provider; messages are bytes, as for everybody. */
export class TsMlsContestant implements Contestant {
  readonly name = "ts-mls"
  readonly #suite: CiphersuiteImpl
  #alice: ClientState | undefined
  #bob: ClientState | undefined

  private constructor(suite: CiphersuiteImpl) {
    this.#suite = suite
  }

  /** Loads the ciphersuite. */
  static async start(): Promise<TsMlsContestant> {
    const name = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
    return new TsMlsContestant(await getCiphersuiteImpl(getCiphersuiteFromName(name)))
  }

  async setup(size: number): Promise<ColdTimes> {
    const people: Array<Person> = []
    for (let i = 0; i < size; i++) people.push(await this.#person(i))
    const alone = await this.#found(people[0] as Person)
    const made = await this.#commit(alone, people.slice(1).map(add))
    const [, ...rest] = warmLeaves(size)
    let states = [made.state]
    for (const leaf of rest) states.push(await this.#join(made, people[leaf] as Person))
    let cold: ColdTimes = { commit: 0, process: 0 }
    for (let i = 0; i < states.length; i++) {
      const start = performance.now()
      const update = await this.#commit(states[i] as ClientState, [])
      const commitTime = (performance.now() - start) * 1000
      const next: Array<ClientState> = []
      let processTime = 0
      for (const [j, state] of states.entries()) {
        const begin = performance.now()
        next.push(i === j ? update.state : await this.#process(state, update.commit))
        if (i !== j) processTime = (performance.now() - begin) * 1000
      }
      states = next
      if (i === 0) cold = { commit: commitTime, process: processTime }
    }
    this.#alice = states[0]
    this.#bob = states.at(-1)
    return cold
  }

  async run(operation: Operation, count: number): Promise<ReadonlyArray<number> | undefined> {
    const alice = this.#alice as ClientState
    const bob = this.#bob as ClientState
    switch (operation) {
      case "key package":
        return await timeEach(count, () => this.#person(1))
      case "create group": {
        const founder = await this.#person(1)
        return await timeEach(count, () => this.#found(founder))
      }
      case "add: commit": {
        const proposal = add(await this.#person(1))
        return await timeEach(count, () => this.#commit(alice, [proposal]))
      }
      case "add: process": {
        const made = await this.#commit(alice, [add(await this.#person(1))])
        return await timeEach(count, () => this.#process(bob, made.commit))
      }
      case "add: join": {
        const joiner = await this.#person(1)
        const made = await this.#commit(alice, [add(joiner)])
        return await timeEach(count, () => this.#join(made, joiner))
      }
      case "update: commit":
        return await timeEach(count, () => this.#commit(alice, []))
      case "update: process": {
        const made = await this.#commit(alice, [])
        return await timeEach(count, () => this.#process(bob, made.commit))
      }
      case "seal 200 B":
        return await this.#timeSeal(count)
      case "open 200 B": {
        const messages: Array<Uint8Array> = []
        for (let i = 0; i < count; i++) messages.push(await this.#seal())
        return await timeEach(count, async (i) => {
          this.#bob = await this.#process(this.#bob as ClientState, messages[i] as Uint8Array)
        })
      }
      case "encode state":
        return await timeEach(count, () => encodeGroupState(bob))
      case "decode state": {
        const encoded = encodeGroupState(bob)
        return await timeEach(count, () => decodeGroupState(encoded, 0))
      }
      // It has no parts: storing anything means encoding everything.
      case "store a message":
      case "store a commit":
        return undefined
    }
  }

  stop(): void {}

  // The reader follows, or the sender would run out of its window.
  async #timeSeal(count: number): Promise<ReadonlyArray<number>> {
    const sent: Array<Uint8Array> = []
    const times = await timeEach(count, async (i) => {
      sent[i] = await this.#seal()
    })
    for (const message of sent) {
      this.#bob = await this.#process(this.#bob as ClientState, message)
    }
    return times
  }

  async #seal(): Promise<Uint8Array> {
    const made = await createApplicationMessage(this.#alice as ClientState, plaintext, this.#suite)
    this.#alice = made.newState
    return encodeMlsMessage({
      version: "mls10",
      wireformat: "mls_private_message",
      privateMessage: made.privateMessage,
    })
  }

  async #commit(state: ClientState, proposals: ReadonlyArray<Proposal>): Promise<Made> {
    const made = await createCommit({ state, cipherSuite: this.#suite }, {
      wireAsPublicMessage: true,
      ratchetTreeExtension: true,
      extraProposals: [...proposals],
    })
    const welcome: MLSMessage | undefined = made.welcome === undefined
      ? undefined
      : { version: "mls10", wireformat: "mls_welcome", welcome: made.welcome }
    return {
      commit: encodeMlsMessage(made.commit),
      welcome: welcome === undefined ? undefined : encodeMlsMessage(welcome),
      state: made.newState,
    }
  }

  async #process(state: ClientState, bytes: Uint8Array): Promise<ClientState> {
    const message = decode(bytes)
    if (
      message.wireformat !== "mls_public_message" && message.wireformat !== "mls_private_message"
    ) {
      throw new Error("unexpected")
    }
    const done = await processMessage(message, state, emptyPskIndex, acceptAll, this.#suite)
    return done.newState
  }

  async #join({ welcome }: Made, person: Person): Promise<ClientState> {
    if (welcome === undefined) throw new Error("unexpected")
    const message = decode(welcome)
    if (message.wireformat !== "mls_welcome") throw new Error("unexpected")
    const { publicPackage, privatePackage } = person
    return await joinGroup(
      message.welcome,
      publicPackage,
      privatePackage,
      emptyPskIndex,
      this.#suite,
    )
  }

  #found(person: Person): Promise<ClientState> {
    const groupId = new Uint8Array(32).fill(9)
    return createGroup(groupId, person.publicPackage, person.privatePackage, [], this.#suite)
  }

  #person(index: number): Promise<Person> {
    const identity = new Uint8Array(32)
    new DataView(identity.buffer).setUint32(0, index)
    const now = BigInt(Math.floor(Date.now() / 1000))
    return generateKeyPackage(
      { credentialType: "basic", identity },
      {
        versions: ["mls10"],
        ciphersuites: ["MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"],
        extensions: [6, 0xff01],
        proposals: [8, 10],
        credentials: ["basic"],
      },
      { notBefore: now - 3600n, notAfter: now + 7_000_000n },
      [],
      this.#suite,
    )
  }
}

function add(person: Person): Proposal {
  return { proposalType: "add", add: { keyPackage: person.publicPackage } }
}

function decode(bytes: Uint8Array): MLSMessage {
  const decoded = decodeMlsMessage(bytes, 0)
  if (decoded === undefined) throw new Error("unexpected")
  return decoded[0]
}
