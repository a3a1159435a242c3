/**
 * The Promise front: the same names as {@link Mdk}, for programs without Effect.
 *
 * @module
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import type { CallOptions, MdkClient, Promised } from "../api/client.ts"
import { ServiceError } from "../api/errors.ts"
import type { Event } from "../api/event.ts"
import type { ConsumeOptions, EventsApi, MdkService } from "../api/service.ts"
import { Mdk } from "../mdk.ts"
import { unprintable } from "./unprintable.ts"

type Run = <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal) => Promise<A>

const isCallOptions = (value: unknown): value is CallOptions =>
  typeof value === "object" && value !== null && "signal" in value &&
  value.signal instanceof AbortSignal

/** Namespaces become namespaces, effects and functions become functions of promises. */
const promised = (value: unknown, run: Run): unknown => {
  if (Stream.isStream(value)) {
    return Stream.toAsyncIterable(value as Stream.Stream<unknown, unknown>)
  }
  if (Effect.isEffect(value)) {
    const effect = value as Effect.Effect<unknown, unknown>
    return async (options?: CallOptions) => promised(await run(effect, options?.signal), run)
  }
  if (typeof value === "function") {
    return async (...given: Array<unknown>) => {
      const options = given.length > 0 && isCallOptions(given.at(-1)) ? given.pop() : undefined
      const effect = value(...given) as Effect.Effect<unknown, unknown>
      return promised(await run(effect, (options as CallOptions | undefined)?.signal), run)
    }
  }
  if (typeof value !== "object" || value === null) return value
  const plain = Object.getPrototypeOf(value) === Object.prototype
  if (!plain) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, promised(v, run)]))
}

/**
 * Builds a composed layer and returns its account. Rejects with the error classes of the layer.
 *
 * Every call takes `{ signal }` as an extra last argument; aborting ends the waiting and rejects,
 * what is durable stays durable.
 *
 * @example
 * ```ts ignore
 * await using mdk = await connect(layer)
 * const { group } = await mdk.groups.create({ name: "Burrow", invite: [bob] })
 * const sent = await mdk.messages.send(group.id, "hello")
 * await sent.published()
 * ```
 */
export async function connect<E>(layer: Layer.Layer<Mdk, E>): Promise<MdkClient> {
  const runtime = ManagedRuntime.make(layer)
  let closed = false
  const settle = <A, E>(exit: Exit.Exit<A, E>, signal?: AbortSignal): A => {
    if (Exit.isSuccess(exit)) return exit.value
    if (signal?.aborted) throw signal.reason
    if (closed && Cause.hasInterrupts(exit.cause)) throw new ServiceError({ reason: "closed" })
    throw Cause.squash(exit.cause)
  }
  const run: Run = async (effect, signal) => {
    if (closed) throw new ServiceError({ reason: "closed" })
    const options = signal === undefined ? undefined : { signal }
    return settle(await runtime.runPromiseExit(effect, options), signal)
  }
  const service = await runtime.runPromiseExit(Mdk).then((exit) => {
    if (Exit.isFailure(exit)) {
      return runtime.dispose().then(() => settle(exit))
    }
    return settle(exit)
  })
  const close = async () => {
    if (closed) return
    closed = true
    await runtime.dispose()
  }
  const { events, ...rest } = service
  const client = promised(rest, run) as Promised<Omit<MdkService, "events">>
  return unprintable("MdkClient", {
    ...client,
    account: unprintable("MdkClient.account", client.account),
    events: {
      ...promised({ parked: events.parked, release: events.release }, run) as Promised<
        Pick<EventsApi, "parked" | "release">
      >,
      live: Stream.toAsyncIterable(events.live),
      consume: async (
        name: string,
        handler: (event: Event) => Promise<unknown>,
        options?: CallOptions & ConsumeOptions,
      ) => {
        const consuming = events.consume(
          name,
          (event) => Effect.tryPromise({ try: () => handler(event), catch: (error) => error }),
          options,
        )
        await run(consuming, options?.signal).catch((error) => {
          const ended = closed || options?.signal?.aborted === true
          if (!ended) throw error
        })
      },
    },
    close,
    [Symbol.asyncDispose]: close,
  })
}
