/**
 * The embedded relay as a scoped Effect resource.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { EmbeddedRelay, type EmbeddedRelayOptions } from "./embedded_relay.ts"

/** What a {@link RelayStartError} carries. */
export interface RelayStartErrorFields {
  /** `port-in-use`: somebody else listens there. `unavailable`: anything else. */
  readonly reason: "port-in-use" | "unavailable"
  /** The system's error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** The relay could not listen. */
export interface RelayStartError extends Cause.YieldableError, RelayStartErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "RelayStartError"
  /** The system's error, hidden from every printer. */
  readonly cause?: Redacted.Redacted<unknown>
}

/** Creates a {@link RelayStartError}. */
export const RelayStartError: new (fields: RelayStartErrorFields) => RelayStartError =
  class RelayStartError extends Data.TaggedError("RelayStartError")<RelayStartErrorFields> {
    /** One line. */
    override get message(): string {
      return `relay: start failed: ${this.reason}`
    }
  }

/** A started relay; it is stopped when the scope closes. */
export const makeEmbeddedRelay: (
  options?: EmbeddedRelayOptions,
) => Effect.Effect<EmbeddedRelay, RelayStartError, Scope.Scope> = Effect.fn("EmbeddedRelay.make")(
  (options: EmbeddedRelayOptions = {}) =>
    Effect.acquireRelease(
      Effect.tryPromise({
        try: () => new EmbeddedRelay(options).start(),
        catch: (error) => {
          const inUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE"
          return new RelayStartError({
            reason: inUse ? "port-in-use" : "unavailable",
            cause: Redacted.make(error),
          })
        },
      }),
      (relay) => Effect.promise(() => relay.stop()),
    ),
)

/** The requirement `RunningRelay` in the `R` of an Effect. */
export interface RunningRelay
  extends Context.ServiceClass.Shape<"@mdk/nostr-transport/RunningRelay", EmbeddedRelay> {}

/** Key under which a started relay is found: `const relay = yield* RunningRelay`. */
export const RunningRelay: Context.ServiceClass<
  RunningRelay,
  "@mdk/nostr-transport/RunningRelay",
  EmbeddedRelay
> = Context.Service<RunningRelay, EmbeddedRelay>()("@mdk/nostr-transport/RunningRelay")

/** Provides a started relay for as long as the layer lives. */
export function layerEmbeddedRelay(
  options?: EmbeddedRelayOptions,
): Layer.Layer<RunningRelay, RelayStartError> {
  return Layer.effect(RunningRelay, makeEmbeddedRelay(options))
}
