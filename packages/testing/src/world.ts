/**
 * A small world for tests of applications: members over memory storage, relays without sockets whose
 * links do as they are told, seeded randomness, and a clock that the test moves.
 *
 * Each member is the same `Mdk` layer that runs in production, so an application's program is tested
 * unchanged. Run it with `TestClock.layer()`: nothing waits for real time then.
 *
 * @module
 */
import { Mdk, type MdkOptions, type MdkService, type OpenError, type ServiceError } from "@mdk/core"
import { encodeHex } from "@mdk/core/codec"
import { type KeyFormatError, LocalSigner } from "@mdk/core/identity"
import type { StorageError } from "@mdk/core/services"
import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { type LinkConditions, MemoryRelays } from "./memory_relay.ts"
import { MemoryTransport } from "./memory_transport.ts"
import { layerSeededEntropy, seededEntropy } from "./seeded_entropy.ts"

/** Why a member could not be opened. */
export type WorldError = OpenError | ServiceError | StorageError | KeyFormatError

/** What a world is made of. */
export interface WorldOptions<Name extends string> {
  /** Names of the members; each becomes a property of the world. */
  readonly members: ReadonlyArray<Name>
  /** How many relays; default 1. Every member uses all of them. */
  readonly relays?: number
  /** Makes keys, loss and delays repeatable; default 1. */
  readonly seed?: number
  /** Links from the start. */
  readonly conditions?: LinkConditions
  /** How the members are opened. */
  readonly options?: MdkOptions
}

/** The relays of a world. */
export interface WorldRelays {
  /** Every relay of the world, for what is not said here. */
  readonly network: MemoryRelays
  /** Addresses, in order. */
  readonly addresses: ReadonlyArray<string>
  /** Takes relays (by place) away from everybody. */
  readonly partition: (places: ReadonlyArray<number>) => Effect.Effect<void>
  /** Brings all relays back. */
  readonly heal: Effect.Effect<void>
  /** Replaces the conditions of all links. */
  readonly setConditions: (conditions: LinkConditions) => Effect.Effect<void>
}

/** What every world has besides its members. */
export interface WorldControls<Name extends string> {
  /** The relays. */
  readonly relays: WorldRelays
  /** The member of a name, as it is now. */
  readonly member: (name: Name) => MdkService
  /** Closes a member; what it stored stays. */
  readonly close: (name: Name) => Effect.Effect<void>
  /** Closes a member and opens it again over what it stored. */
  readonly restart: (name: Name, options?: MdkOptions) => Effect.Effect<MdkService, WorldError>
  /** What a member has stored now, as a backup of it; the member may be open or closed. */
  readonly backup: (name: Name) => Effect.Effect<MemoryDisk>
  /**
   * Closes a member, puts a backup in the place of what it stored, and opens it: without
   * `restored: "close-groups"` it is refused with `OpenError` `restored-copy`, and stays closed. The
   * backup can be used again.
   */
  readonly restore: (
    name: Name,
    backup: MemoryDisk,
    options?: MdkOptions,
  ) => Effect.Effect<MdkService, WorldError>
  /**
   * Moves the clock until nothing is on its way: every member that is open is caught up, and nothing
   * is unsent; or until ten minutes of the clock have passed.
   */
  readonly settle: Effect.Effect<void>
}

/** A world; members are its properties. */
export type World<Name extends string> =
  & WorldControls<Name>
  & { readonly [N in Name]: MdkService }

interface Seat {
  disk: MemoryDisk
  scope: Scope.Closeable | undefined
  service: MdkService | undefined
}

const BEGIN_MILLIS = 1_700_000_000_000
const FIRST_STEP_MILLIS = 250
const LAST_STEP_MILLIS = 10_000
const LIMIT_MILLIS = 600_000
const TURNS = 50

const make = Effect.fnUntraced(function* <Name extends string>(
  options: WorldOptions<Name>,
): Effect.fn.Return<World<Name>, WorldError, Scope.Scope> {
  // A test clock begins in 1970, before every KeyPackage.
  if ((yield* Clock.currentTimeMillis) < BEGIN_MILLIS) yield* TestClock.setTime(BEGIN_MILLIS)
  const seed = options.seed ?? 1
  const addresses = Array.from(
    { length: options.relays ?? 1 },
    (_, place) => `wss://relay-${place}.test`,
  )
  const network = new MemoryRelays({
    addresses,
    seed,
    ...(options.conditions === undefined ? {} : { conditions: options.conditions }),
  })
  const outer = yield* Effect.scope
  const seats = new Map<Name, Seat>(
    options.members.map((name) => [
      name,
      { disk: new MemoryDisk(), scope: undefined, service: undefined },
    ]),
  )
  const seatOf = (name: Name): Seat => {
    const seat = seats.get(name)
    if (seat === undefined) throw new RangeError("no such member")
    return seat
  }
  const member = (name: Name): MdkService => {
    const { service } = seatOf(name)
    if (service === undefined) throw new RangeError("this member is closed")
    return service
  }

  const open = Effect.fnUntraced(function* (name: Name, given: MdkOptions | undefined) {
    const seat = seatOf(name)
    const secretKey = encodeHex(seededEntropy(`${seed} key ${name}`).bytes(32))
    const life = yield* Scope.fork(outer)
    const layer = Mdk.layer(given ?? options.options ?? {}).pipe(
      Layer.provide(layerOn(seat.disk)),
      Layer.provide(MemoryTransport.layer({ network, relays: addresses, client: name })),
      Layer.provide(LocalSigner.fromSecretKey(secretKey)),
      Layer.provide(layerSeededEntropy(`${seed} ${name} ${opened++}`)),
    )
    const context = yield* Layer.build(Layer.fresh(layer)).pipe(Scope.provide(life))
    seat.scope = life
    seat.service = Context.get(context, Mdk)
    return seat.service
  })
  let opened = 0

  const close = (name: Name) =>
    Effect.suspend(() => {
      const seat = seatOf(name)
      const { scope } = seat
      seat.scope = undefined
      seat.service = undefined
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    })

  const isQuiet = Effect.gen(function* () {
    for (const { service } of seats.values()) {
      if (service === undefined) continue
      const report = yield* service.sync({ timeout: 0 })
      if (report.unsent > 0 || !report.caughtUp) return false
    }
    return true
  }).pipe(Effect.orElseSucceed(() => false))

  const settle = Effect.gen(function* () {
    let quiet = 0
    let passed = 0
    // What is delayed for long is tried again after growing pauses: so the steps grow too.
    for (let step = FIRST_STEP_MILLIS; passed < LIMIT_MILLIS && quiet < 3; passed += step) {
      for (let turn = 0; turn < TURNS; turn++) yield* Effect.yieldNow
      yield* TestClock.adjust(step)
      quiet = (yield* isQuiet) ? quiet + 1 : 0
      if (quiet === 0) step = Math.min(Math.ceil(step * 1.1), LAST_STEP_MILLIS)
    }
  })

  for (const name of options.members) yield* open(name, undefined)
  const controls: WorldControls<Name> = {
    relays: {
      network,
      addresses,
      partition: (places) =>
        Effect.sync(() => {
          for (const place of places) {
            for (const name of options.members) network.partition(name, addresses[place])
          }
        }),
      heal: Effect.sync(() => network.heal()),
      setConditions: (conditions) => Effect.sync(() => network.setConditions(conditions)),
    },
    member,
    close,
    restart: (name, given) => Effect.andThen(close(name), open(name, given)),
    backup: (name) => Effect.sync(() => seatOf(name).disk.copy()),
    restore: (name, backup, given) =>
      Effect.gen(function* () {
        yield* close(name)
        seatOf(name).disk = backup.copy()
        return yield* open(name, given)
      }),
    settle,
  }
  for (const name of options.members) {
    Object.defineProperty(controls, name, { enumerable: true, get: () => member(name) })
  }
  return controls as World<Name>
})

/** Makes worlds. */
export const World: {
  /**
   * Opens all members; the world ends with the scope.
   *
   * @example
   * ```ts
   * import { World } from "@mdk/testing"
   * import * as Effect from "effect/Effect"
   * import { TestClock } from "effect/testing"
   * import assert from "node:assert/strict"
   *
   * const program = Effect.gen(function* () {
   *   const world = yield* World.make({ members: ["ann", "bob"], relays: 2, seed: 7 })
   *   yield* world.settle
   *   const { group } = yield* world.ann.groups.create({
   *     name: "t",
   *     invite: [world.bob.account.publicKey],
   *   })
   *   yield* world.relays.partition([0])
   *   const sent = yield* world.ann.messages.send(group.id, "hi")
   *   yield* world.settle
   *   assert.equal((yield* sent.state)._tag, "Published")
   * })
   * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestClock.layer())))
   * ```
   */
  readonly make: <Name extends string>(
    options: WorldOptions<Name>,
  ) => Effect.Effect<World<Name>, WorldError, Scope.Scope>
} = { make }
