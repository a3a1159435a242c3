/**
 * What a memory storage keeps between two openings, and the faults that a test can plant in it.
 *
 * @module
 */
import {
  type Collection,
  type Committed,
  joinDeclarations,
  REMEMBERED_BATCHES,
  type StorageErrorReason,
} from "@mdk/core/services"
import { Table } from "./table.ts"

/** A failure that a later call will meet. */
export interface MemoryFault {
  /** Which kind of call fails. */
  readonly operation: "read" | "commit"
  /** With which reason. */
  readonly reason: StorageErrorReason
  /** How many calls succeed before it; default 0. Calls of the other kind do not count. */
  readonly after?: number
  /**
   * Only for a commit with the reason `outcome-unknown`: whether the batch became durable all the
   * same. Default false.
   */
  readonly applied?: boolean
}

/** What stands on a disk, and the faults planted in it. */
export class DiskState {
  readonly #tables: Map<string, Table> = new Map()
  readonly #batches: Map<string, Committed> = new Map()
  readonly #faults: Array<{ fault: MemoryFault; left: number }> = []
  #generation = 0
  #restored = false
  #held = false

  /** Takes the pen; false when somebody holds it. */
  acquire(): boolean {
    if (this.#held) return false
    this.#held = true
    this.#generation += 1
    return true
  }

  /** Gives the pen back. */
  release(): void {
    this.#held = false
  }

  /** How often it was opened. */
  get generation(): number {
    return this.#generation
  }

  /** True for a copy until acknowledged. */
  get restored(): boolean {
    return this.#restored
  }

  /** Clears the restore mark. */
  acknowledgeRestore(): void {
    this.#restored = false
  }

  /** The table of a collection. */
  table(name: string): Table | undefined {
    return this.#tables.get(name)
  }

  /** Creates or extends collections: all of them, or none and false when one contradicts. */
  declare(collections: ReadonlyArray<Collection>): boolean {
    const next = new Map<string, Collection>()
    for (const collection of collections) {
      const known = next.get(collection.name) ?? this.#tables.get(collection.name)?.collection
      const joined = known === undefined ? collection : joinDeclarations(known, collection)
      if (joined === undefined) return false
      next.set(collection.name, joined)
    }
    for (const [name, collection] of next) {
      const table = this.#tables.get(name)
      if (table === undefined) this.#tables.set(name, new Table(structuredClone(collection)))
      else table.extend(structuredClone(collection))
    }
    return true
  }

  /** What a committed batch gave, when it is still remembered. */
  committed(id: string): Committed | undefined {
    return this.#batches.get(id)
  }

  /** Remembers a batch and forgets the oldest one beyond the bound. */
  remember(id: string, committed: Committed): void {
    this.#batches.set(id, committed)
    if (this.#batches.size <= REMEMBERED_BATCHES) return
    for (const oldest of this.#batches.keys()) {
      this.#batches.delete(oldest)
      return
    }
  }

  /** Plants a fault; several are met in the order in which they were planted. */
  plant(fault: MemoryFault): void {
    this.#faults.push({ fault, left: fault.after ?? 0 })
  }

  /** The fault that the next call of this kind meets. */
  meet(operation: "read" | "commit"): MemoryFault | undefined {
    const at = this.#faults.findIndex((planted) => planted.fault.operation === operation)
    const planted = this.#faults[at]
    if (planted === undefined) return undefined
    if (planted.left > 0) {
      planted.left -= 1
      return undefined
    }
    this.#faults.splice(at, 1)
    return planted.fault
  }

  /** Takes over a copy of what stands on another disk, and says that it was restored. */
  fill(original: DiskState): void {
    for (const [name, table] of original.#tables) this.#tables.set(name, table.copy())
    for (const [id, committed] of original.#batches) this.#batches.set(id, committed)
    this.#generation = original.#generation
    this.#restored = true
  }

  /** Zeroes and drops everything. */
  wipe(): void {
    for (const table of this.#tables.values()) table.wipe()
    this.#tables.clear()
    this.#batches.clear()
  }
}

/** What stands on a disk: for this package only. */
export let stateOf: (disk: MemoryDisk) => DiskState

/**
 * A database file made of memory: it outlives the layers that open it, one at a time.
 *
 * @example
 * ```ts
 * import { Storage } from "@mdk/core/services"
 * import { layerOn, MemoryDisk } from "@mdk/storage-memory"
 * import * as Effect from "effect/Effect"
 * import assert from "node:assert/strict"
 *
 * const disk = new MemoryDisk()
 * const generation = Storage.useSync((storage) => storage.condition.generation)
 *   .pipe(Effect.provide(layerOn(disk)))
 * assert.equal(await Effect.runPromise(generation), 1)
 * assert.equal(await Effect.runPromise(generation), 2)
 * ```
 */
export class MemoryDisk {
  readonly #state: DiskState

  static {
    stateOf = (disk) => disk.#state
  }

  constructor() {
    this.#state = new DiskState()
  }

  /** Plants a fault; several are met in the order in which they were planted. */
  plant(fault: MemoryFault): void {
    this.#state.plant(fault)
  }

  /** A copy as of now, as if the files had been copied: it says that it was restored. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk()
    copy.#state.fill(this.#state)
    return copy
  }

  /** Prints no content. */
  toJSON(): string {
    return "<memory disk>"
  }
}
