/**
 * @mdk/cli
 *
 * @module
 */
export {}
