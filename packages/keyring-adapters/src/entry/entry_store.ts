/**
 * A `KeyStore` over any {@link EntryPort}: names are checked, keys are coded, every call has its turn
 * and its time limit, every write is read back.
 *
 * @module
 */
import { equalBytes } from "@mdk/core/crypto"
import type { KeyName, KeyStoreError, KeyStoreService } from "@mdk/core/services"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { decodeEntry, encodeEntry } from "./entry_format.ts"
import type { EntryPort } from "./entry_port.ts"
import { type Diagnosis, failure, type KeyStoreOperation } from "./failure.ts"
import { checkName, checkServiceId, PROBE_SUFFIX } from "./key_name.ts"
import { keyToStore, redact } from "./stored_key.ts"
import { inTurn, type Turn } from "./turns.ts"

/** How long one call of a `KeyStore` may take when nothing else is said: a person may be asked. */
export const DEFAULT_TIME_LIMIT: Duration.Duration = Duration.seconds(60)

const CANNOT_LIST: Diagnosis = {
  reason: "unavailable",
  advice: "This store cannot list its entries. Ask for a key by its name.",
}
/** Nobody sees this: the caller of a call that was never made has gone. */
const ABANDONED = new Error("given up before it was made")
const PROBE_ENTRY = new TextEncoder().encode("mdk-probe")

/** The library calls of one turn, as Effects that fail with `KeyStoreError`. */
const boundCalls = (port: EntryPort, turn: Turn, operation: KeyStoreOperation) => {
  const attempt = <A>(call: () => Promise<A>, discard: (late: A) => void) =>
    Effect.callback<A, { readonly cause: unknown }>((resume) => {
      let abandoned = false
      const made = () => abandoned ? Promise.reject(ABANDONED) : call()
      turn.track(port.queue?.(made) ?? Promise.resolve().then(made)).then(
        (value) => abandoned ? discard(value) : resume(Effect.succeed(value)),
        (cause) => resume(Effect.fail({ cause })),
      )
      return Effect.sync(() => {
        abandoned = true
      })
    })

  const call = <A>(
    run: () => Promise<A>,
    discard: (late: A) => void = () => {},
  ): Effect.Effect<A, KeyStoreError> =>
    attempt(run, discard).pipe(
      Effect.catch(({ cause }) =>
        port.diagnose(cause) === "transient" ? attempt(run, discard) : Effect.fail({ cause })
      ),
      Effect.catch(({ cause }) => {
        const diagnosis = port.diagnose(cause)
        return Effect.fail(
          failure(operation, diagnosis === "transient" ? "unavailable" : diagnosis, cause),
        )
      }),
    )

  const read = (name: KeyName) => call(() => port.read(name), (late) => late?.fill(0))
  const write = (name: KeyName, entry: Uint8Array) => call(() => port.write(name, entry))
  const remove = (name: KeyName) => call(() => port.remove(name))

  /** Fails when the store is closed: a store that cannot be read says so when it is written. */
  const proveOpen = (name: KeyName) => {
    const probe = { serviceId: name.serviceId, keyId: name.keyId + PROBE_SUFFIX }
    return Effect.andThen(write(probe, PROBE_ENTRY), remove(probe))
  }

  const decode = (entry: Uint8Array): Effect.Effect<Uint8Array, KeyStoreError> =>
    Effect.suspend(() => {
      const key = decodeEntry(entry)
      entry.fill(0)
      return key === undefined ? Effect.fail(failure(operation, "corrupt")) : Effect.succeed(key)
    })

  /** The key, or null; with `prove` null is given only by a store that has shown to be open. */
  const readKey = Effect.fnUntraced(function* (name: KeyName, prove: boolean) {
    let entry = yield* read(name)
    if (entry === null && prove) {
      yield* proveOpen(name)
      entry = yield* read(name)
    }
    return entry === null ? null : yield* decode(entry)
  })

  const writeKey = (name: KeyName, key: Uint8Array) =>
    Effect.suspend(() => {
      const entry = encodeEntry(key)
      // Not zeroed when the call was given up: the library may still be reading it.
      return Effect.tap(write(name, entry), () => Effect.sync(() => entry.fill(0)))
    })

  return { call, remove, proveOpen, readKey, writeKey }
}

/**
 * Makes the service over a port.
 *
 * @param port the store's library
 * @param timeLimit of every call of the service, waiting for its turn included
 */
export const makeEntryStore = (
  port: EntryPort,
  timeLimit: Duration.Input = DEFAULT_TIME_LIMIT,
): KeyStoreService => {
  type Calls = ReturnType<typeof boundCalls>
  const bounded = <A>(
    id: ReadonlyArray<string>,
    operation: KeyStoreOperation,
    body: (calls: Calls) => Effect.Effect<A, KeyStoreError>,
  ): Effect.Effect<A, KeyStoreError> =>
    inTurn(
      [port.backend, port.scope, ...id],
      (turn) => body(boundCalls(port, turn, operation)),
    ).pipe(
      Effect.timeoutOrElse({
        duration: timeLimit,
        orElse: () => Effect.fail(failure(operation, "timed-out")),
      }),
    )
  const forKey = <A>(
    name: KeyName,
    operation: KeyStoreOperation,
    body: (calls: Calls) => Effect.Effect<A, KeyStoreError>,
  ): Effect.Effect<A, KeyStoreError> =>
    Effect.andThen(
      checkName(name, operation),
      bounded([name.serviceId, name.keyId], operation, body),
    )
  const mayBeClosed = port.absence === "may-be-closed"

  return {
    backend: port.backend,
    get: Effect.fn("KeyStore.get")((name) =>
      forKey(name, "get", ({ readKey }) =>
        Effect.map(
          readKey(name, mayBeClosed),
          (key) => key === null ? Option.none() : Option.some(redact(key)),
        ))
    ),
    createIfAbsent: Effect.fn("KeyStore.createIfAbsent")(function* (name, given) {
      const key = yield* keyToStore(given, "create")
      return yield* forKey(
        name,
        "create",
        Effect.fnUntraced(function* ({ readKey, writeKey }) {
          // Every store is asked whether it is open, also one that says so when it is not: writing
          // over a key that a closed store did not show would destroy it.
          const found = yield* readKey(name, true)
          if (found !== null) return { created: false, key: redact(found) }
          yield* writeKey(name, key)
          const kept = yield* readKey(name, mayBeClosed)
          if (kept === null) return yield* failure("create", "unavailable")
          return { created: equalBytes(kept, key), key: redact(kept) }
        }),
      )
    }),
    replace: Effect.fn("KeyStore.replace")(function* (name, change) {
      const next = yield* keyToStore(change.next, "replace")
      yield* forKey(
        name,
        "replace",
        Effect.fnUntraced(function* ({ readKey, writeKey }) {
          const current = yield* readKey(name, mayBeClosed)
          if (current === null) return yield* failure("replace", "missing")
          const expected = equalBytes(current, Redacted.value(change.expected))
          current.fill(0)
          if (!expected) return yield* failure("replace", "conflict")
          yield* writeKey(name, next)
          const kept = yield* readKey(name, mayBeClosed)
          if (kept === null) return yield* failure("replace", "unavailable")
          const stored = equalBytes(kept, next)
          kept.fill(0)
          if (!stored) return yield* failure("replace", "conflict")
        }),
      )
    }),
    delete: Effect.fn("KeyStore.delete")((name) =>
      forKey(
        name,
        "delete",
        Effect.fnUntraced(function* ({ remove, proveOpen }) {
          if (yield* remove(name)) return true
          if (!mayBeClosed) return false
          yield* proveOpen(name)
          return yield* remove(name)
        }),
      )
    ),
    list: Effect.fn("KeyStore.list")((serviceId) =>
      Effect.andThen(
        checkServiceId(serviceId, "list"),
        bounded(
          [serviceId],
          "list",
          Effect.fnUntraced(function* ({ call, proveOpen }) {
            const { list } = port
            if (list === undefined) return yield* failure("list", CANNOT_LIST)
            // Before, not after: keytar crashes the process when it lists a closed store.
            if (mayBeClosed) yield* proveOpen({ serviceId, keyId: "list" })
            const ids = yield* call(() => list(serviceId))
            return [...new Set(ids)].filter((id) => !id.endsWith(PROBE_SUFFIX)).sort()
          }),
        ),
      )
    ),
  }
}
