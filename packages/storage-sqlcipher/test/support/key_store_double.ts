import {
  type KeyName,
  KeyStoreError,
  type KeyStoreErrorReason,
  type KeyStoreService,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** What a double does wrong. */
export interface DoubleFault {
  readonly operation: "get" | "create" | "replace"
  readonly reason: KeyStoreErrorReason
  /** Whether the call takes effect before it fails. */
  readonly applied: boolean
}

/** A key store in memory that the tests can look into. */
export class KeyStoreDouble implements KeyStoreService {
  readonly backend: string
  readonly keys: Map<string, Uint8Array> = new Map()
  /** Answers none although there is a key, as a closed store may. */
  hidesKeys = false
  fault: DoubleFault | undefined
  calls = 0

  constructor(backend = "double") {
    this.backend = backend
  }

  readonly get: KeyStoreService["get"] = (name) =>
    this.#call("get", () => {
      const key = this.hidesKeys ? undefined : this.keys.get(idOf(name))
      return Option.map(Option.fromNullishOr(key), (bytes) => Redacted.make(bytes.slice()))
    })

  readonly createIfAbsent: KeyStoreService["createIfAbsent"] = (name, key) =>
    this.#call("create", () => {
      const before = this.keys.get(idOf(name))
      if (before === undefined) this.keys.set(idOf(name), Redacted.value(key).slice())
      const now = this.keys.get(idOf(name)) ?? new Uint8Array()
      return { created: before === undefined, key: Redacted.make(now.slice()) }
    })

  readonly replace: KeyStoreService["replace"] = (name, { next }) =>
    this.#call("replace", () => {
      this.keys.set(idOf(name), Redacted.value(next).slice())
    })

  readonly delete: KeyStoreService["delete"] = (name) =>
    Effect.sync(() => this.keys.delete(idOf(name)))

  readonly list: KeyStoreService["list"] = () => Effect.succeed([...this.keys.keys()])

  #call<A>(operation: DoubleFault["operation"], body: () => A): Effect.Effect<A, KeyStoreError> {
    return Effect.suspend(() => {
      this.calls += 1
      const fault = this.fault?.operation === operation ? this.fault : undefined
      if (fault === undefined) return Effect.succeed(body())
      this.fault = undefined
      if (fault.applied) body()
      return Effect.fail(new KeyStoreError({ operation, reason: fault.reason, advice: "planted" }))
    })
  }
}

const idOf = ({ keyId, serviceId }: KeyName) => `${serviceId}/${keyId}`
