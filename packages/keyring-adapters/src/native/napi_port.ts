/**
 * The entries of `@napi-rs/keyring` as an {@link EntryPort}.
 *
 * @module
 */
import type { KeyName } from "@mdk/core/services"
import type { EntryOptions } from "@napi-rs/keyring"
import { makeCallQueue } from "../entry/call_queue.ts"
import type { EntryPort } from "../entry/entry_port.ts"
import { diagnose } from "./diagnosis.ts"
import type { NapiLibrary } from "./napi_library.ts"

/** Entries kept open: each holds a connection to the store. */
const MAX_OPEN = 16

const QUEUES = { "secret-service": makeCallQueue(), keyutils: makeCallQueue() }

/**
 * Makes the port.
 *
 * On Linux the store is always pinned: without that the library would quietly use the kernel's keys,
 * which are gone after a restart. Targets are never used: on Linux they make another collection, on
 * Windows they first write an empty secret over the entry.
 */
export const makeNapiPort = (
  library: NapiLibrary,
  backend: string,
  store: "secret-service" | "keyutils",
): EntryPort => {
  const options: EntryOptions = { linux: { store } }
  const open = new Map<string, InstanceType<NapiLibrary["AsyncEntry"]>>()

  /** Runs a call on an entry that is kept until a call on it fails: its session may be dead. */
  const withEntry = async <A>(
    { serviceId, keyId }: KeyName,
    call: (entry: InstanceType<NapiLibrary["AsyncEntry"]>) => Promise<A>,
  ): Promise<A> => {
    const id = JSON.stringify([serviceId, keyId])
    const entry = open.get(id) ?? new library.AsyncEntry(serviceId, keyId, options)
    open.delete(id)
    const answer = await call(entry)
    open.set(id, entry)
    const [oldest] = open.keys()
    if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest)
    return answer
  }

  return {
    backend,
    scope: store,
    absence: "certain",
    queue: QUEUES[store],
    read: (name) =>
      withEntry(name, async (entry) => {
        const secret = await entry.getSecret()
        if (secret === null) return null
        const bytes = Uint8Array.from(secret)
        secret.fill(0)
        return bytes
      }),
    write: (name, bytes) => withEntry(name, (entry) => entry.setSecret(bytes)),
    remove: (name) => withEntry(name, (entry) => entry.deleteCredential()),
    list: async (serviceId) =>
      (await library.findCredentialsAsync(serviceId)).map(({ account }) => account),
    diagnose,
  }
}
