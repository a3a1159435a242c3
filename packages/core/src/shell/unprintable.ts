/**
 * Objects that print as a name: what holds an account must not show it because somebody logged it.
 *
 * @module
 */
import * as Redactable from "effect/Redactable"

const INSPECTORS: ReadonlyArray<symbol> = [
  Symbol.for("nodejs.util.inspect.custom"),
  Symbol.for("Deno.customInspect"),
  Redactable.symbolRedactable,
]

/** Makes an object print and serialize as `<name>`; its properties stay what they are. */
export function unprintable<A extends object>(name: string, value: A): A {
  const shown = () => `<${name}>`
  for (const key of [...INSPECTORS, "toJSON", "toString"]) {
    Object.defineProperty(value, key, { value: shown })
  }
  return value
}
