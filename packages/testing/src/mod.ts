/**
 * @mdk/testing
 *
 * @module
 */
export {}
