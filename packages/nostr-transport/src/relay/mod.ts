/**
 * A Nostr relay inside the process, for demos, tests and faults; not for production.
 *
 * @module
 */
export {}
