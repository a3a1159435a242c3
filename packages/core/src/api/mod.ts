/**
 * The public types: ids, errors, values, events, the service and its Promise front.
 *
 * @module
 */
export * from "./client.ts"
export * from "./errors.ts"
export * from "./event.ts"
export * from "./ids.ts"
export * from "./page.ts"
export * from "./sending.ts"
export * from "./service.ts"
export * from "./values.ts"
