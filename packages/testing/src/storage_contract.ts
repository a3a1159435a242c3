/**
 * What every storage adapter must do, as tests that any adapter can run.
 *
 * @module
 */
import { describe } from "node:test"
import { storageLifetimeContract } from "./storage_contract_lifetime.ts"
import { storageRangeContract } from "./storage_contract_ranges.ts"
import { storageReadContract } from "./storage_contract_reads.ts"
import { storageSearchContract } from "./storage_contract_search.ts"
import { contractTest, type MakeStorageSubject } from "./storage_contract_subject.ts"
import { storageWriteContract } from "./storage_contract_writes.ts"

export type { MakeStorageSubject, StorageSubject } from "./storage_contract_subject.ts"

/**
 * Registers the contract tests (`node:test`) of a storage adapter.
 *
 * @param name how the adapter is called in the report
 * @param make makes a fresh, empty place; called once per test
 *
 * @example
 * ```ts ignore
 * import { layerOn, MemoryDisk } from "@mdk/storage-memory"
 * import { storageContract } from "@mdk/testing"
 *
 * storageContract("memory", () => Promise.resolve({ layer: layerOn(new MemoryDisk()) }))
 * ```
 */
export function storageContract(name: string, make: MakeStorageSubject): void {
  describe(`Storage contract: ${name}`, () => {
    const test = contractTest(make)
    storageWriteContract(test)
    storageRangeContract(test)
    storageReadContract(test)
    storageSearchContract(test)
    storageLifetimeContract(test)
  })
}
