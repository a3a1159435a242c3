/**
 * The Promise front: the same names, derived by type, so that they cannot drift.
 *
 * @module
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Event } from "./event.ts"
import type { Page } from "./page.ts"
import type { ConsumeOptions, EventsApi, MdkService } from "./service.ts"
import type { Group, Message } from "./values.ts"

/** What every call of the Promise front takes as its last argument. */
export interface CallOptions {
  /** Ends the waiting; what is durable stays durable. */
  readonly signal?: AbortSignal
}

/**
 * What an Effect API becomes: effects are functions that return promises, functions that return
 * effects return promises, streams are async iterables, values stay.
 */
export type Promised<T> = T extends string | number | bigint | boolean | null | undefined ? T
  : T extends Stream.Stream<infer A, infer _E, infer _R> ? AsyncIterable<A>
  : T extends Effect.Effect<infer A, infer _E, infer _R>
    ? (options?: CallOptions) => Promise<Promised<A>>
  : T extends (...a: infer P) => Effect.Effect<infer A, infer _E, infer _R>
    ? (...a: [...P, options?: CallOptions]) => Promise<Promised<A>>
  : T extends
    | Message
    | Group
    | Event
    | Date
    | ReadonlyMap<unknown, unknown>
    | ReadonlyArray<unknown>
    | Uint8Array
    | Page<never> ? T
  : T extends object ? { readonly [K in keyof T]: Promised<T[K]> }
  : T

/** The account for programs without Effect. Rejections are the same error classes. */
export type MdkClient =
  & Promised<Omit<MdkService, "events">>
  & AsyncDisposable
  & {
    /** Ends everything; afterwards every call rejects with `closed`. */
    readonly close: () => Promise<void>
    /** Events. */
    readonly events: Promised<Pick<EventsApi, "parked" | "release">> & {
      /** At most once, bounded: for screens. */
      readonly live: AsyncIterable<Event>
      /** Runs until the signal or the end; resolves then. See `EventsApi.consume`. */
      readonly consume: (
        name: string,
        handler: (event: Event) => Promise<unknown>,
        options?: CallOptions & ConsumeOptions,
      ) => Promise<void>
    }
  }
