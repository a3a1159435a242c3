/**
 * codec
 *
 * @module
 */
export {}
