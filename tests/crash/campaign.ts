/**
 * Lives of a database whose processes are killed again and again.
 *
 * After each kill the files are opened as a program would open them. Then nothing that was acknowledged
 * may be missing, no batch may be half there, the file must be sound, the key store must hold its key,
 * and nothing may lie beside it that does not belong there.
 *
 * @module
 */
import { KeyStore, Storage, type StorageService } from "@mdk/core/services"
import { KeyRotation } from "@mdk/keyring-adapters"
import {
  backupDatabase,
  encryptDatabase,
  layer,
  layerUnencrypted,
  rekeyDatabase,
  verifyDatabase,
  withStoredKey,
} from "@mdk/storage-sqlcipher"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileKeyStore } from "./file_key_store.ts"
import { type Ended, runWorker, type WorkerRuntime } from "./killed_process.ts"
import { batchOf, declare, faultsOf, KEY_NAME } from "./life.ts"
import { placesIn } from "./places.ts"
import { seeded } from "./seeded.ts"

/** What a campaign is given. */
export interface CampaignOptions {
  /** How many processes are to be killed. */
  readonly kills: number
  readonly seed: number
  /** Runtimes of the processes, in turn. */
  readonly runtimes: ReadonlyArray<WorkerRuntime>
  /** Is told of every process. */
  readonly onProcess?: (line: string) => void
}

/** What became of it. */
export interface CampaignResult {
  /** Processes that were killed. */
  readonly kills: number
  /** Processes that came to their end first. */
  readonly survived: number
  /** How often each action was killed. */
  readonly byAction: Readonly<Record<string, number>>
  /** What was illegal, each with the number of its process. */
  readonly failures: ReadonlyArray<string>
}

/** Actions, each as often as it is to happen. */
const ACTIONS: ReadonlyArray<Action> = [
  "write",
  "write",
  "write",
  "encrypt",
  "encrypt",
  "encrypt",
  "rotate",
  "rotate",
  "rotate",
  "backup",
  "backup",
  "compact",
  "migrate",
  "restore",
  "create",
]

/** What a process does. */
export type Action =
  | "create"
  | "write"
  | "migrate"
  | "encrypt"
  | "rotate"
  | "backup"
  | "compact"
  | "restore"

/** Most steps that an action reports, about; a kill at a step beyond lets it survive. */
const STEPS: Readonly<Record<Action, number>> = {
  create: 6,
  write: 60,
  migrate: 12,
  encrypt: 44,
  rotate: 24,
  backup: 12,
  compact: 30,
  restore: 18,
}

/** A life is begun anew when it has so many batches, so that looking at it stays quick. */
const LONGEST_LIFE = 300

/** Runs a campaign; it ends when enough processes were killed, or at the first five failures. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const pick = seeded(options.seed)
  const failures: Array<string> = []
  const byAction: Record<string, number> = {}
  let kills = 0
  let survived = 0
  let run = 0
  let life = new Life()
  try {
    while (kills < options.kills && failures.length < 5 && survived < options.kills + 50) {
      run += 1
      const action = ACTIONS[pick(ACTIONS.length)] ?? "write"
      if (action === "create" || action === "encrypt" || life.last > LONGEST_LIFE) {
        life.remove()
        life = new Life()
      }
      const runtime = options.runtimes[run % options.runtimes.length]
      if (runtime === undefined) throw new Error("a campaign needs a runtime")
      const atStep = pick(2) === 0
      const number = atStep ? 1 + pick(STEPS[action]) : pick(action === "write" ? 150 : 60)
      const ended = await life.run({ action, atStep, number, runtime, run })
      if (ended.killed) {
        kills += 1
        byAction[action] = (byAction[action] ?? 0) + 1
      } else survived += 1
      const where = atStep ? `at step ${number}` : `after ${number} ms`
      const line = `process ${run}: ${action} under ${runtime.name}, ${
        ended.killed ? `killed ${where}` : "survived"
      }`
      const faults = await life.faults(action, ended, run)
      failures.push(...faults.map((fault) => `${line}: ${fault}`))
      options.onProcess?.(line)
      if (faults.length > 0) {
        life.remove()
        life = new Life()
      }
    }
    return { kills, survived, byAction, failures }
  } finally {
    life.remove()
  }
}

/** One database with its key store and its backups. */
export class Life {
  readonly directory: string = mkdtempSync(join(tmpdir(), "mdk-crash-"))
  readonly #places = placesIn(this.directory)
  readonly #store = fileKeyStore(this.#places.keys)
  /** The last batch that was seen, or acknowledged. */
  last = 0
  /** The last batch of the backup that is restored from. */
  #kept = 0
  #isBegun = false

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  async run(
    { action, atStep, number, run, runtime }: {
      readonly action: Action
      readonly atStep: boolean
      readonly number: number
      readonly runtime: WorkerRuntime
      readonly run: number
    },
  ): Promise<Ended> {
    await this.#begin(action)
    return await runWorker({
      runtime,
      action,
      directory: this.directory,
      killAt: atStep ? number : 0,
      ...(atStep ? {} : { killAfter: number }),
      run,
    })
  }

  /** Brings about what an action needs. */
  async #begin(action: Action): Promise<void> {
    mkdirSync(this.#places.backups, { recursive: true, mode: 0o700 })
    if (this.#isBegun && action === "restore") await this.#keep()
    if (this.#isBegun || action === "create") return
    this.#isBegun = true
    const batches = (storage: StorageService) =>
      Effect.gen(function* () {
        yield* declare(storage)
        for (let number = 1; number <= 40; number++) yield* storage.commit(batchOf(number, 0))
      })
    this.last = 40
    if (action === "encrypt") {
      await this.#with(batches, this.#unencrypted())
      return
    }
    await this.#with(batches)
    if (action === "restore") await this.#keep()
  }

  /** Makes the backup that is restored from, and goes on a little. */
  async #keep(): Promise<void> {
    const to = this.#places.backup("kept")
    rmSync(to, { force: true })
    await this.#keyed((key) => backupDatabase({ path: this.#places.database, key, to }))
    this.#kept = this.last
    this.last += 1
    await this.#with((storage) =>
      Effect.andThen(declare(storage), storage.commit(batchOf(this.last, this.#kept)))
    )
  }

  /** Opens the files after a kill, repairs what is repaired by going on, and says what is illegal. */
  async faults(action: Action, ended: Ended, run: number): Promise<ReadonlyArray<string>> {
    const faults: Array<string> = []
    try {
      if (!ended.killed && !ended.done) faults.push(`it failed by itself: ${ended.complaint}`)
      await this.#look(action, ended, faults)
      if (action === "encrypt") await this.#goOn(faults)
      if (action === "rotate" && run % 2 === 0) await this.#rotateAgain(faults)
      if (action === "backup") await this.#backups(run, ended, faults)
      const check = await this.#keyed((key) => verifyDatabase({ path: this.#places.database, key }))
      if (!check.sound) faults.push(`not sound: ${JSON.stringify(check)}`)
    } catch (error) {
      faults.push(`after the kill: ${error instanceof Error ? error.message : "unknown"}`)
    }
    faults.push(...this.#litter())
    return faults
  }

  async #look(action: Action, ended: Ended, faults: Array<string>): Promise<void> {
    this.#isBegun = true
    const isClear = action === "encrypt" && this.#isClear()
    const acknowledged = Math.max(this.last, ended.acknowledged)
    const seen = await this.#with(
      (storage) =>
        Effect.gen(function* () {
          const { condition } = storage
          const found = yield* faultsOf(storage)
          if (condition.restored) yield* storage.acknowledgeRestore
          return { ...found, restored: condition.restored }
        }),
      isClear ? this.#unencrypted() : this.#encrypted(),
    )
    faults.push(...seen.faults)
    const isRestored = action === "restore" && seen.restored
    if (seen.restored && action !== "restore") faults.push("it counts as a copy")
    if (isRestored && seen.last !== this.#kept) {
      faults.push(`restored batch ${seen.last}, not ${this.#kept}`)
    }
    if (!isRestored && seen.last < acknowledged) {
      faults.push(`batch ${acknowledged} was acknowledged, ${seen.last} is the last`)
    }
    // The one that was being written may have become durable.
    if (!isRestored && seen.last > acknowledged + 1) {
      faults.push(`batch ${seen.last} was never written`)
    }
    if (action === "encrypt" && ended.done && isClear) faults.push("it is not encrypted")
    this.last = seen.last
  }

  /** What began is finished by doing it again. */
  async #goOn(faults: Array<string>): Promise<void> {
    await Effect.runPromise(
      encryptDatabase({ path: this.#places.database, ...KEY_NAME }).pipe(
        Effect.provideService(KeyStore, this.#store),
      ),
    )
    const bytes = readFileSync(this.#places.database)
    if (this.#isClear() || bytes.includes("text 1 0")) faults.push("text in clear after encryption")
    const { faults: more, last } = await this.#with(faultsOf)
    faults.push(...more)
    if (last !== this.last) faults.push(`batch ${last} instead of ${this.last} after encryption`)
  }

  async #rotateAgain(faults: Array<string>): Promise<void> {
    const path = this.#places.database
    await Effect.runPromise(KeyRotation.rotate(
      this.#store,
      KEY_NAME,
      Redacted.make(crypto.getRandomValues(new Uint8Array(32))),
      ({ current, next }) => Effect.asVoid(rekeyDatabase({ path, current, next })),
    ))
    const ids = await Effect.runPromise(this.#store.list(KEY_NAME.serviceId))
    if (ids.length !== 1) faults.push("a staged key is left")
    const { faults: more, last } = await this.#with(faultsOf)
    faults.push(...more)
    if (last !== this.last) faults.push(`batch ${last} instead of ${this.last} under the next key`)
  }

  async #backups(run: number, ended: Ended, faults: Array<string>): Promise<void> {
    const to = this.#places.backup(String(run))
    if (ended.done && !existsSync(to)) faults.push("a backup that was told of is not there")
    if (!existsSync(to)) {
      await this.#keyed((key) => backupDatabase({ path: this.#places.database, key, to }))
    }
    const check = await this.#keyed((key) => verifyDatabase({ path: to, key }))
    if (!check.sound) faults.push("a backup is not sound")
    const litter = readdirSync(this.#places.backups).filter((name) => name.startsWith("."))
    if (litter.length > 0) faults.push(`left beside the backups: ${litter.join()}`)
    for (const name of readdirSync(this.#places.backups)) {
      if (name.startsWith(`${run}.`)) rmSync(join(this.#places.backups, name))
    }
  }

  #litter(): ReadonlyArray<string> {
    const { database, temporary } = this.#places
    const name = basename(database)
    const lasting = [name, `${name}.lock`, `${name}.beside.lock`, `${name}.record.json`]
    const beside = readdirSync(dirname(database)).filter((found) => !lasting.includes(found))
    return [...beside, ...readdirSync(temporary)].map((found) => `left behind: ${found}`)
  }

  #isClear(): boolean {
    const { database } = this.#places
    return existsSync(database) &&
      readFileSync(database).subarray(0, 15).toString("latin1") === "SQLite format 3"
  }

  #encrypted(): Layer.Layer<Storage, unknown> {
    return layer({ path: this.#places.database, ...KEY_NAME }).pipe(
      Layer.provide(Layer.succeed(KeyStore, this.#store)),
    )
  }

  #unencrypted(): Layer.Layer<Storage, unknown> {
    return layerUnencrypted({ path: this.#places.database, storeEverythingInClear: true }).pipe(
      Layer.provide(Logger.layer([])),
    )
  }

  #with<A, E>(
    use: (storage: StorageService) => Effect.Effect<A, E>,
    open: Layer.Layer<Storage, unknown> = this.#encrypted(),
  ): Promise<A> {
    return Effect.runPromise(Storage.use(use).pipe(Effect.provide(open)))
  }

  #keyed<A, E>(use: (key: Redacted.Redacted<Uint8Array>) => Effect.Effect<A, E>): Promise<A> {
    return Effect.runPromise(
      withStoredKey({ path: this.#places.database, ...KEY_NAME }, use).pipe(
        Effect.provideService(KeyStore, this.#store),
      ),
    )
  }
}
