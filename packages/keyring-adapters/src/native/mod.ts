/**
 * The credential store of the platform.
 *
 * @module
 */
export { layer, layerWith, make } from "./native_keyring.ts"
export type { NativeKeyringOptions } from "./native_keyring.ts"
