/**
 * The entries of a {@link MemoryKeyStore}: a map, a lock and the faults of the plan.
 *
 * @module
 */
import type { KeyName } from "@mdk/core/services"
import type { EntryPort } from "../entry/entry_port.ts"
import type { FaultPlan, MemoryFailure, MemoryFault, MemoryStep } from "./faults.ts"

/** The state behind the port. */
export interface MemoryEntries {
  /** Raw entries by service id and key id. */
  readonly byService: Map<string, Map<string, Uint8Array>>
  /** What the store answers while it is closed, undefined while it is open. */
  closed: "fails" | "answers-null" | undefined
}

const fail = (memoryFault: MemoryFailure["memoryFault"]): never => {
  const failure: MemoryFailure = { memoryFault }
  throw failure
}

const isMemoryFailure = (cause: unknown): cause is MemoryFailure =>
  typeof cause === "object" && cause !== null && "memoryFault" in cause

/** Makes the port; `scope` keeps two stores of one process apart. */
export const makeMemoryPort = (
  entries: MemoryEntries,
  plan: FaultPlan,
  absence: EntryPort["absence"],
  scope: string,
): EntryPort => {
  const entryOf = (name: KeyName) => entries.byService.get(name.serviceId)?.get(name.keyId)

  const put = (name: KeyName, entry: Uint8Array): void => {
    const service = entries.byService.get(name.serviceId) ?? new Map<string, Uint8Array>()
    service.get(name.keyId)?.fill(0)
    service.set(name.keyId, entry.slice())
    entries.byService.set(name.serviceId, service)
  }

  /** Lets a planned fault happen; answers those that change the step's result. */
  const step = async (name: MemoryStep): Promise<MemoryFault["fault"] | undefined> => {
    const fault = plan.next(name)
    switch (fault) {
      case undefined:
      case "null":
      case "lost":
      case "half":
        return fault
      case "hang":
        return await new Promise<never>(() => {})
      case "vanished":
        return fail("transient")
      default:
        return fail(fault)
    }
  }

  return {
    backend: "memory",
    scope,
    absence,
    queue: undefined,
    read: async (name) => {
      if (await step("read") === "null") return null
      const entry = entryOf(name)
      if (entry === undefined || entries.closed === "answers-null") return null
      if (entries.closed === "fails") fail("locked")
      return entry.slice()
    },
    write: async (name, entry) => {
      const fault = await step("write")
      if (entries.closed !== undefined) fail("locked")
      if (fault === "lost") return
      put(name, entry)
      if (fault === "half") fail("unavailable")
    },
    remove: async (name) => {
      if (await step("remove") === "null") return false
      const entry = entryOf(name)
      if (entry === undefined || entries.closed === "answers-null") return false
      if (entries.closed === "fails") fail("locked")
      entry.fill(0)
      return entries.byService.get(name.serviceId)?.delete(name.keyId) ?? false
    },
    list: async (serviceId) => {
      await step("list")
      if (entries.closed === "fails") fail("locked")
      return [...entries.byService.get(serviceId)?.keys() ?? []]
    },
    diagnose: (cause) => {
      if (!isMemoryFailure(cause)) return { reason: "unavailable" }
      return cause.memoryFault === "transient" ? "transient" : { reason: cause.memoryFault }
    },
  }
}
