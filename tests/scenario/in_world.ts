/**
 * Scenarios run in a world of their own, under a clock that they move.
 *
 * @module
 */
import type {
  ArgumentError,
  Event,
  Group,
  GroupError,
  GroupId,
  InviteError,
  MdkService,
  ServiceError,
} from "@mdk/core"
import { World, type WorldOptions } from "@mdk/testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"

/** Runs a scenario; the world is settled first, so that everybody's KeyPackage is out. */
export function inWorld<Name extends string, E>(
  options: WorldOptions<Name>,
  scenario: (world: World<Name>) => Effect.Effect<void, E, Scope.Scope>,
): Promise<void> {
  const program = Effect.gen(function* () {
    const world = yield* World.make(options)
    yield* world.settle
    yield* scenario(world)
  })
  return Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestClock.layer())))
}

type ScenarioError = ArgumentError | GroupError | InviteError | ServiceError

/** Founds a group and has everybody accept. */
export function groupOf<Name extends string>(
  world: World<Name>,
  founder: Name,
  others: ReadonlyArray<Name>,
  name: string = "Burrow",
): Effect.Effect<Group, ScenarioError> {
  return Effect.gen(function* () {
    const { group } = yield* world.member(founder).groups.create({
      name,
      invite: others.map((other) => world.member(other).account.publicKey),
    })
    yield* world.settle
    for (const other of others) yield* acceptAll(world.member(other))
    yield* world.settle
    return group
  })
}

/** Accepts every invitation. */
export function acceptAll(mdk: MdkService): Effect.Effect<ReadonlyArray<Group>, ScenarioError> {
  return Effect.flatMap(
    mdk.invites.page(),
    ({ items }) => Effect.forEach(items, ({ id }) => mdk.invites.accept(id)),
  )
}

/** Texts of a timeline, the oldest first; system rows in brackets. */
export function textsOf(
  mdk: MdkService,
  group: GroupId,
): Effect.Effect<ReadonlyArray<string>, ScenarioError> {
  return Effect.map(
    mdk.messages.page(group, { limit: 500 }),
    ({ items }) =>
      items.toReversed().map(({ content, fallback }) =>
        content._tag === "System" ? `[${content.type}]` : fallback
      ),
  )
}

/** What a consumer was offered so far, and how to end it. */
export interface Collected {
  readonly seen: ReadonlyArray<Event>
  readonly stop: Effect.Effect<void>
}

/** Consumes events while something else happens. */
export function collect(
  mdk: MdkService,
  name: string,
  from: "now" | "first" = "first",
): Effect.Effect<Collected> {
  return Effect.gen(function* () {
    const seen: Array<Event> = []
    const fiber = yield* Effect.forkChild(
      mdk.events.consume(name, (event) => Effect.sync(() => seen.push(event)), { from }),
      { startImmediately: true },
    )
    return { seen, stop: Fiber.interrupt(fiber) }
  })
}
