/**
 * Writes down everything that a program says about itself: log lines, spans, what it writes to the
 * console, and every value that it throws or returns, through every printer there is.
 *
 * @module
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import process from "node:process"
import { inspect } from "node:util"

/** A span that writes down what it is told. */
class WitnessedSpan extends Tracer.NativeSpan {
  readonly #write: (text: string) => void

  constructor(
    options: ConstructorParameters<typeof Tracer.NativeSpan>[0],
    write: (text: string) => void,
  ) {
    super(options)
    this.#write = write
    write(`span ${options.name}`)
  }

  override attribute(key: string, value: unknown): void {
    super.attribute(key, value)
    this.#write(`attribute ${key} ${printed(value)}`)
  }

  override event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void {
    super.event(name, startTime, attributes)
    this.#write(`event ${name} ${printed(attributes)}`)
  }

  override end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    super.end(endTime, exit)
    if (exit._tag === "Failure") this.#write(`span failed ${printedCause(exit.cause)}`)
  }
}

/** Collects what was said. */
export interface Witness {
  /** Provide it around the program: catches logs of every level and all spans. */
  readonly layer: Layer.Layer<never>
  /** Prints a value, or an error, in every way that somebody could. */
  readonly see: (value: unknown) => void
  /** Prints what became of an effect. */
  readonly seeCause: (cause: Cause.Cause<unknown>) => void
  /** Catches what is written to the console and the standard streams until the result is called. */
  readonly overhear: () => () => void
  /** All of it. */
  readonly said: () => string
}

/** Makes a witness who has seen nothing. */
export function makeWitness(): Witness {
  const lines: Array<string> = []
  const write = (text: string) => {
    lines.push(text)
  }
  const logger = Logger.make((options) => {
    write(`log ${options.logLevel} ${printed(options.message)}`)
    write(printed(Logger.formatStructured.log(options)))
    write(printedCause(options.cause))
  })
  return {
    layer: Layer.mergeAll(
      Logger.layer([logger]),
      Layer.succeed(References.MinimumLogLevel, "All"),
      Layer.succeed(
        Tracer.Tracer,
        Tracer.make({ span: (options) => new WitnessedSpan(options, write) }),
      ),
    ),
    see: (value) => write(printed(value)),
    seeCause: (cause) => write(printedCause(cause)),
    overhear: () => {
      const stops = [process.stdout, process.stderr].map((stream) => {
        const original = stream.write
        stream.write = (chunk: string | Uint8Array) => {
          write(typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk))
          return true
        }
        return () => {
          stream.write = original
        }
      })
      return () => stops.forEach((stop) => stop())
    },
    said: () => lines.join("\n"),
  }
}

/** A value as every printer shows it. */
function printed(value: unknown): string {
  const parts = [inspect(value, { depth: 20, showHidden: true, maxStringLength: null })]
  try {
    parts.push(String(value))
  } catch {
    // Objects without a prototype have no string form.
  }
  try {
    parts.push(JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}` : part))
  } catch {
    // Circular values have no JSON form.
  }
  if (value instanceof Error) {
    parts.push(value.name, value.message, value.stack ?? "", printed(value.cause))
    parts.push(printed({ ...value }))
  }
  return parts.join("\n")
}

function printedCause(cause: Cause.Cause<unknown>): string {
  const squashed = cause.reasons.length === 0 ? "" : printed(Cause.squash(cause))
  return [Cause.pretty(cause), printed(cause), squashed].join("\n")
}

/** Runs an effect, shows the witness what it fails with, and gives the exit. */
export const witnessed = <A, E, R>(
  witness: Witness,
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<Exit.Exit<A, E>, never, R> =>
  Effect.tap(Effect.exit(effect), (exit) =>
    Effect.sync(() => {
      if (exit._tag === "Failure") witness.seeCause(exit.cause)
    }))
