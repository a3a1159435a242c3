/**
 * The entries of `Bun.secrets`.
 *
 * @module
 */
export { layer, layerWith, make } from "./bun_secrets_keyring.ts"
export type { BunSecretsApi, BunSecretsOptions } from "./bun_secrets_keyring.ts"
