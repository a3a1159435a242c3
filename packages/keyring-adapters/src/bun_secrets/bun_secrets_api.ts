/**
 * `Bun.secrets`, looked up at run time: this package is compiled without Bun's types.
 *
 * @module
 */

/** What is used of `Bun.secrets`; a test holds it against the types of bun-types. */
export interface BunSecretsApi {
  /** The text, null when there is none or the store is closed. */
  readonly get: (options: { service: string; name: string }) => Promise<string | null>
  /** Stores or replaces a text; an empty one would delete. */
  readonly set: (options: { service: string; name: string; value: string }) => Promise<void>
  /** False when there was none or the store is closed. */
  readonly delete: (options: { service: string; name: string }) => Promise<boolean>
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const isSecretsApi = (value: unknown): value is BunSecretsApi =>
  isObject(value) && "get" in value && typeof value.get === "function" &&
  "set" in value && typeof value.set === "function" &&
  "delete" in value && typeof value.delete === "function"

/** `Bun.secrets` where the runtime has it. */
export const findBunSecrets = (): BunSecretsApi | undefined => {
  const bun: unknown = Reflect.get(globalThis, "Bun")
  const secrets: unknown = (typeof bun === "object" || typeof bun === "function") && bun !== null
    ? Reflect.get(bun, "secrets")
    : undefined
  return isSecretsApi(secrets) ? secrets : undefined
}
