/**
 * The entries of `Bun.secrets`.
 *
 * @module
 */
export { layer, layerWith, make } from "./bun_secrets_keyring.ts"
export type { BunSecretsApi } from "./bun_secrets_api.ts"
export type { BunSecretsOptions } from "./bun_secrets_keyring.ts"
