/**
 * identity
 *
 * @module
 */
export {}
