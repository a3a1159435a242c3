/**
 * The error of this room, and the frame in which components are read and written.
 *
 * @module
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import { DecodeError, type DecodeReason, TlsReader, TlsWriter } from "../codec/mod.ts"

/**
 * What is wrong with a component. `not-canonical`: an unsorted list, an item that stands there twice,
 * an address or media type that is not in its normal form. The rest is explained at `DecodeReason`.
 */
export type ComponentErrorReason = DecodeReason | "not-canonical"

/** What a {@link ComponentError} carries: never a piece of the state. */
export interface ComponentErrorFields {
  /** The component, 0 to 65 535; 0 for a dictionary as a whole. */
  readonly component: number
  /** What is wrong with its state. */
  readonly reason: ComponentErrorReason
}

/** A component state that cannot be read, or that nobody could read once it were written. */
export interface ComponentError extends Cause.YieldableError, ComponentErrorFields {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "ComponentError"
}

/** Creates a {@link ComponentError}; decoders and encoders of components throw it. */
export const ComponentError: new (fields: ComponentErrorFields) => ComponentError =
  class ComponentError extends Data.TaggedError("ComponentError")<ComponentErrorFields> {
    /** One line without a piece of the state. */
    override get message(): string {
      return `component 0x${this.component.toString(16).padStart(4, "0")}: ${this.reason}`
    }
  }

/** Reads one whole component state; a `DecodeError` of the parts becomes a {@link ComponentError}. */
export function readComponent<A>(
  component: number,
  bytes: Uint8Array,
  read: (reader: TlsReader) => A,
): A {
  return asComponent(component, () => {
    const reader = new TlsReader(bytes)
    const value = read(reader)
    reader.finish()
    return value
  })
}

/** Writes one component state; a `DecodeError` of the parts becomes a {@link ComponentError}. */
export function writeComponent(
  component: number,
  write: (writer: TlsWriter) => void,
): Uint8Array {
  return asComponent(component, () => {
    const writer = new TlsWriter(64)
    write(writer)
    return writer.finish()
  })
}

/** Runs `body`; a `DecodeError` becomes a {@link ComponentError} of this component. */
export function asComponent<A>(component: number, body: () => A): A {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new ComponentError({ component, reason: error.reason })
  }
}

/** Throws a {@link ComponentError}. */
export function refuseComponent(component: number, reason: ComponentErrorReason): never {
  throw new ComponentError({ component, reason })
}

/** Compares byte strings in the order of their bytes, a prefix before what continues it. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Requires strictly ascending order: `not-canonical` otherwise. */
export function requireAscending<A>(
  component: number,
  items: ReadonlyArray<A>,
  compare: (a: A, b: A) => number,
): void {
  for (let i = 1; i < items.length; i++) {
    if (compare(items[i - 1] as A, items[i] as A) >= 0) refuseComponent(component, "not-canonical")
  }
}
