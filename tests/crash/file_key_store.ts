/**
 * A key store for processes that are killed: one file, each change durable and atomic, keys in clear.
 *
 * @module
 */
import { type KeyName, KeyStoreError, type KeyStoreService } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Buffer } from "node:buffer"
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs"
import process from "node:process"

const idOf = ({ keyId, serviceId }: KeyName): string => `${serviceId} ${keyId}`

const refuse = (reason: "missing" | "conflict") =>
  new KeyStoreError({ operation: "replace", reason, advice: "" })

/** The store in a file; `onChange` is told before and after each change. */
export function fileKeyStore(path: string, onChange: () => void = () => {}): KeyStoreService {
  const load = (): Record<string, string> =>
    existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {}
  const save = (keys: Record<string, string>) => {
    onChange()
    const next = `${path}.${process.pid}`
    const descriptor = openSync(next, "w", 0o600)
    writeSync(descriptor, JSON.stringify(keys))
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(next, path)
    onChange()
  }
  const hex = (key: Redacted.Redacted<Uint8Array>) =>
    Buffer.from(Redacted.value(key)).toString("hex")
  const keyOf = (text: string) => Redacted.make(new Uint8Array(Buffer.from(text, "hex")))
  return {
    backend: "crash-file",
    get: (name) => Effect.sync(() => Option.map(Option.fromNullishOr(load()[idOf(name)]), keyOf)),
    createIfAbsent: (name, key) =>
      Effect.sync(() => {
        const keys = load()
        const known = keys[idOf(name)]
        if (known !== undefined) return { created: false, key: keyOf(known) }
        save({ ...keys, [idOf(name)]: hex(key) })
        return { created: true, key: keyOf(hex(key)) }
      }),
    replace: (name, { expected, next }) =>
      Effect.suspend(() => {
        const keys = load()
        const known = keys[idOf(name)]
        if (known === undefined) return Effect.fail(refuse("missing"))
        if (known !== hex(expected)) return Effect.fail(refuse("conflict"))
        save({ ...keys, [idOf(name)]: hex(next) })
        return Effect.void
      }),
    delete: (name) =>
      Effect.sync(() => {
        const { [idOf(name)]: known, ...rest } = load()
        if (known !== undefined) save(rest)
        return known !== undefined
      }),
    list: (serviceId) =>
      Effect.sync(() =>
        Object.keys(load()).filter((id) => id.startsWith(`${serviceId} `))
          .map((id) => id.slice(serviceId.length + 1)).sort()
      ),
  }
}
