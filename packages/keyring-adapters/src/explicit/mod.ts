/**
 * One key that the caller brings along.
 *
 * @module
 */
export { layer, layerFromEnvironment, make } from "./explicit_key.ts"
export type { ExplicitKeyOptions } from "./explicit_key.ts"
