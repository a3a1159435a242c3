/**
 * mls
 *
 * @module
 */
export {}
