/**
 * The OpenMLS peer in the benchmark; it measures inside of its own process.
 *
 * @module
 */
import { PeerProcess } from "../../tests/interop/openmls/peer_process.ts"
import { type ColdTimes, type Contestant, type Operation, warmLeaves } from "./contestant.ts"

const names: Partial<Record<Operation, string>> = {
  "key package": "key_package",
  "create group": "create_group",
  "add: commit": "add_create",
  "add: process": "add_process",
  "add: join": "join",
  "update: commit": "update_create",
  "update: process": "update_process",
  "seal 200 B": "seal",
  "open 200 B": "open",
}

/** OpenMLS 0.8.3 with its memory store. */
export class OpenMlsContestant implements Contestant {
  readonly name = "OpenMLS"
  readonly #peer: PeerProcess = new PeerProcess()

  setup(size: number): Promise<ColdTimes> {
    return this.#peer.request({ op: "bench_setup", size, warm: warmLeaves(size) })
  }

  async run(operation: Operation, count: number): Promise<ReadonlyArray<number> | undefined> {
    const what = names[operation]
    return what === undefined
      ? undefined
      : await this.#peer.request<ReadonlyArray<number>>({ op: "bench_run", what, count })
  }

  stop(): void {
    this.#peer.stop()
  }
}
