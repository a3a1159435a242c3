/**
 * Generations of the protocol, as values of `GroupProfile`.
 *
 * @module
 */
export * from "./adopted.ts"
