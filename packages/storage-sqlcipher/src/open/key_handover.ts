/**
 * Getting the key of a database, or making one, so that a crash at any step is recovered from.
 *
 * @module
 */
import {
  type EntropyService,
  KEY_LENGTH,
  type KeyName,
  type KeyStoreService,
  type StorageError,
} from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { closeSync } from "node:fs"
import { failureOf, refusal } from "../driver/failure.ts"
import type { Encryption } from "../driver/port.ts"
import { synchronizeDirectory } from "../files/durable_write.ts"
import {
  createPrivateFile,
  type FileIdentity,
  identityOfDescriptor,
} from "../files/private_file.ts"
import { attempt } from "./attempt.ts"
import { isKeyOfCreation, MAX_EARLIER, writeRecord } from "./creation_record.ts"
import { keyCheckOf } from "./key_check.ts"
import { decide, type ExistingKeyPolicy, type KeyFacts } from "./key_decision.ts"
import type { Found } from "./file_state.ts"
import { takeStagedKey } from "./staged_key.ts"

/** Where the key of a database comes from. */
export type KeySource =
  /** A key store, under a name, with a policy for keys that exist already. */
  | {
    readonly kind: "store"
    readonly store: KeyStoreService
    readonly name: KeyName
    readonly onExistingKey: ExistingKeyPolicy
  }
  /** The application. The bytes stay its own. */
  | { readonly kind: "given"; readonly key: Redacted.Redacted<Uint8Array> }
  /** Nowhere: the file is not encrypted. */
  | { readonly kind: "none" }

/** A key on its way to the engine. The bytes are zeroed when the opening is over. */
export interface KeyHandover {
  readonly encryption: Encryption
  /** Check value of the key; zeros where there is none. */
  readonly check: string
  /** The key store it came from; undefined when it came from the application. */
  readonly backend: string | undefined
  /** The file that it is the key of; undefined where there is none. */
  readonly identity: FileIdentity | undefined
}

interface Request {
  readonly source: KeySource
  readonly entropy: EntropyService
  readonly found: Found
}

/** Runs an opening with the right key, and zeroes the key afterwards. */
export const withKey = <A, E, R>(
  request: Request,
  use: (key: KeyHandover) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | StorageError, R> =>
  Effect.suspend(() => {
    const owned: Array<Uint8Array> = []
    return obtain(request, owned).pipe(
      Effect.flatMap(use),
      Effect.ensuring(Effect.sync(() => {
        for (const key of owned) key.fill(0)
      })),
    )
  })

function obtain(
  request: Request,
  owned: Array<Uint8Array>,
): Effect.Effect<KeyHandover, StorageError> {
  switch (request.source.kind) {
    case "store":
      return obtainFromStore({ ...request, source: request.source }, owned)
    case "given":
      return obtainGiven(request.found, request.source.key, owned)
    case "none":
      return obtainNone(request.found)
  }
}

const obtainNone = (found: Found) =>
  attempt((): KeyHandover => {
    const { file, hasLog, paths, record } = found
    const isLost = (file === "empty" && record?.state === "ready") ||
      (file === "absent" && hasLog)
    if (file === "other" || file === "fragment" || isLost) throw refusal("open", "not-a-database")
    const identity = file === "absent" ? createEmptyFile(paths) : found.identity
    return { encryption: { kind: "none" }, check: "0".repeat(16), backend: undefined, identity }
  })

const obtainGiven = (
  found: Found,
  given: Redacted.Redacted<Uint8Array>,
  owned: Array<Uint8Array>,
) =>
  attempt((): KeyHandover => {
    const key = adopt(Redacted.value(given).slice(), owned)
    const check = keyCheckOf(key)
    const decision = decide({
      ...factsOf(found, check, undefined),
      hasKey: true,
      policy: "reuse",
    })
    if (decision.kind === "refuse") throw refusal("open", decision.reason)
    const made = decision.kind === "open"
      ? found
      : prepare(found, check, found.record?.backend ?? null)
    return handover(key, undefined, made)
  })

/** Takes ownership of key bytes and checks their length. */
function adopt(key: Uint8Array, owned: Array<Uint8Array>): Uint8Array {
  owned.push(key)
  if (key.length !== KEY_LENGTH) throw refusal("open", "invalid")
  return key
}

const handover = (
  key: Uint8Array,
  backend: string | undefined,
  { identity }: Found,
): KeyHandover => ({
  encryption: { kind: "sqlcipher", key },
  check: keyCheckOf(key),
  backend,
  identity,
})

const factsOf = (
  { file, hasLog, record }: Found,
  check: string | undefined,
  backend: string | undefined,
): Pick<KeyFacts, "file" | "hasLog" | "record"> => ({
  file,
  hasLog,
  record: record === undefined ? undefined : {
    state: record.state,
    namesKey: record.check === check || (check !== undefined && isKeyOfCreation(record, check)),
    namesBackend: backend === undefined || record.backend === null || record.backend === backend,
  },
})

/**
 * Makes the creation durable before any key is stored: first the record, then the empty file.
 *
 * @param earlier keys of attempts before this one that the store may come to show again
 * @returns what is there from now on
 */
function prepare(
  found: Found,
  check: string,
  backend: string | null,
  earlier: ReadonlyArray<string> = [],
): Found {
  const { paths } = found
  writeRecord(paths, {
    state: "creating",
    backend,
    check,
    generation: 0,
    inode: "",
    copied: false,
    ...(earlier.length === 0 ? {} : { earlier }),
  })
  if (found.file !== "absent") return found
  return { ...found, file: "empty", identity: createEmptyFile(paths) }
}

function createEmptyFile(paths: Found["paths"]): FileIdentity {
  const descriptor = createPrivateFile(paths.main)
  if (descriptor === undefined) throw refusal("open", "unsafe-file")
  try {
    return identityOfDescriptor(descriptor)
  } finally {
    closeSync(descriptor)
    synchronizeDirectory(paths.directory)
  }
}

const obtainFromStore = Effect.fnUntraced(function* (
  { entropy, found, source }: Request & { readonly source: KeySource & { readonly kind: "store" } },
  owned: Array<Uint8Array>,
) {
  const { name, onExistingKey: policy, store } = source
  const facts = (check: string | undefined) => factsOf(found, check, store.backend)

  // Whatever no key could change is refused before anybody is asked to unlock a store.
  const early = decide({ ...facts(found.record?.check), hasKey: true, policy: "reuse" })
  if (early.kind === "refuse") return yield* refusal("open", early.reason)

  const stored = yield* store.get(name).pipe(
    Effect.mapError((error) => failureOf("open", error, "key-store")),
    Effect.flatMap((key) =>
      attempt(() => Option.map(key, (bytes) => adopt(Redacted.value(bytes), owned)))
    ),
  )
  const current = Option.getOrUndefined(stored)
  const check = current === undefined ? undefined : yield* attempt(() => keyCheckOf(current))
  const decision = decide({ ...facts(check), hasKey: current !== undefined, policy })
  if (decision.kind === "refuse") return yield* refusal("open", decision.reason)
  if (decision.kind === "create-with-new-key") {
    return yield* createWithNewKey({ entropy, found, source, owned })
  }
  if (current === undefined) return yield* refusal("open", "key-missing")
  if (decision.kind === "open") {
    const staged = yield* takeStagedKey({ found, store, name, current }, owned)
    return handover(staged ?? current, store.backend, found)
  }
  if (decision.kind === "rotate-and-create") {
    return yield* rotate({ entropy, found, source, owned }, current)
  }
  const made = yield* attempt(() => prepare(found, keyCheckOf(current), store.backend))
  return handover(current, store.backend, made)
})

interface Making {
  readonly entropy: EntropyService
  readonly found: Found
  readonly source: KeySource & { readonly kind: "store" }
  readonly owned: Array<Uint8Array>
}

const createWithNewKey = Effect.fnUntraced(function* (making: Making) {
  const { entropy, found, owned, source: { name, onExistingKey: policy, store } } = making
  const fresh = yield* attempt(() => adopt(entropy.bytes(KEY_LENGTH), owned))
  const earlier = earlierKeys(found, store.backend)
  const made = yield* attempt(() => prepare(found, keyCheckOf(fresh), store.backend, earlier))
  const created = yield* store.createIfAbsent(name, Redacted.make(fresh, { label: "key" })).pipe(
    Effect.mapError((error) => failureOf("open", error, "key-store")),
  )
  const kept = yield* attempt(() => adopt(Redacted.value(created.key), owned))
  if (keyCheckOf(kept) === keyCheckOf(fresh)) return handover(kept, store.backend, made)
  // The store had hidden a key (it was closed), or another database got one under this name.
  const isResumed = earlier.includes(keyCheckOf(kept))
  if (policy === "error" && !isResumed) return yield* refusal("open", "key-exists")
  if (policy === "rotate" && !isResumed) return yield* rotate({ ...making, found: made }, kept)
  yield* attempt(() => prepare(made, keyCheckOf(kept), store.backend))
  return handover(kept, store.backend, made)
})

/** The keys that this creation has made in this store so far; the latest last. */
function earlierKeys({ record }: Found, backend: string): ReadonlyArray<string> {
  if (record?.state !== "creating") return []
  if (record.backend !== null && record.backend !== backend) return []
  return [...record.earlier ?? [], record.check].slice(-MAX_EARLIER)
}

const rotate = Effect.fnUntraced(function* (making: Making, expected: Uint8Array) {
  const { entropy, found, owned, source: { name, store } } = making
  const next = yield* attempt(() => adopt(entropy.bytes(KEY_LENGTH), owned))
  const made = yield* attempt(() => prepare(found, keyCheckOf(next), store.backend))
  yield* store.replace(name, {
    expected: Redacted.make(expected, { label: "key" }),
    next: Redacted.make(next, { label: "key" }),
  }).pipe(Effect.mapError((error) => failureOf("open", error, "key-store")))
  return handover(next, store.backend, made)
})
