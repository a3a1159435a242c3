/**
 * Every collection that core declares: the whole database of an account, on one page.
 *
 * Values are opaque to the adapter; what is secret is marked. Keys and columns are as confidential
 * as the database itself.
 *
 * @module
 */
import type { Collection } from "../services/storage_batch.ts"

const define = <Name extends string>(
  name: Name,
  rest: Omit<Collection, "name">,
): Collection & { readonly name: Name } => ({ name, ...rest })

/** Rows `self` (the pinned account, its KeyPackage slot) and single facts of this device. */
export const ACCOUNT: Collection & { readonly name: "account" } = define("account", {
  kind: "keyed",
  columns: {},
  indexes: {},
})

/** Own KeyPackages with their private parts (secret), by KeyPackageRef in hex. */
export const KEY_PACKAGES: Collection & { readonly name: "key_packages" } = define("key_packages", {
  kind: "keyed",
  columns: { made_at: "integer" },
  indexes: { newest: ["made_at"] },
})

/**
 * One row a group, by GroupId: what does not change with every message. `position` orders groups by
 * when they were founded or joined.
 */
export const GROUPS: Collection & { readonly name: "groups" } = define("groups", {
  kind: "keyed",
  columns: { status: "text", position: "integer" },
  indexes: { newest: ["position"], status: ["status", "position"] },
})

/** Nostr group ids under which a group's traffic may come, in hex: the current one and prior ones. */
export const ROUTES: Collection & { readonly name: "routes" } = define("routes", {
  kind: "keyed",
  columns: { group_id: "text" },
  indexes: { group: ["group_id"] },
})

/** Parts of MLS states (secret), keyed `group/state/part`. */
export const MLS_PARTS: Collection & { readonly name: "mls_parts" } = define("mls_parts", {
  kind: "keyed",
  columns: { group_id: "text", state: "text" },
  indexes: { state: ["group_id", "state"] },
})

/**
 * MLS messages that were dealt with, keyed `group/digest`: the memory that makes a second delivery
 * harmless. Old ones go: the ratchets remember by themselves what was read.
 */
export const ADMITTED: Collection & { readonly name: "admitted" } = define("admitted", {
  kind: "keyed",
  columns: { group_id: "text", at: "integer" },
  indexes: { group: ["group_id", "at"], age: ["at"] },
})

/** Events that cannot be opened or placed yet, keyed `group/event id`. Bounded per group. */
export const WAITING: Collection & { readonly name: "waiting" } = define("waiting", {
  kind: "keyed",
  columns: { group_id: "text", at: "integer" },
  indexes: { group: ["group_id", "at"], age: ["at"] },
})

/**
 * Timeline rows, keyed `group/message id`. `position` is the order of the timeline; `expires_at`
 * (Unix seconds) is null where a message stays.
 */
export const MESSAGES: Collection & { readonly name: "messages" } = define("messages", {
  kind: "keyed",
  columns: { group_id: "text", id: "text", position: "integer", expires_at: "integer" },
  indexes: {
    timeline: ["group_id", "position"],
    id: ["id", "position"],
    position: ["position"],
    expiry: ["expires_at"],
  },
})

/**
 * What a search finds: the text of each chat message as it reads now, without a value. A deleted message
 * has no row. `position`, in decimal also the key, is that of the timeline row; `expires_at` is when that
 * row, or the edit that made this text, disappears. Of a database that is older than this collection those
 * messages are found that came, or were edited, since.
 */
export const TEXTS: Collection & { readonly name: "texts" } = define("texts", {
  kind: "keyed",
  columns: { group_id: "text", position: "integer", expires_at: "integer" },
  indexes: { group: ["group_id"], expiry: ["expires_at"] },
  searchable: true,
  searchOrder: "position",
})

/**
 * Reactions, edits and deletions, keyed `group/message id/number`, found by what they are about, what
 * they are (`relation`: `deletion`, `edit` or `reaction`) and by whom. `moderator` is 1 where the author
 * may delete what others wrote. No number of one kind, or by one author, hides another.
 */
export const ANNOTATIONS: Collection & { readonly name: "annotations" } = define("annotations", {
  kind: "keyed",
  columns: {
    group_id: "text",
    id: "text",
    target: "text",
    relation: "text",
    author: "text",
    moderator: "integer",
    position: "integer",
    expires_at: "integer",
  },
  indexes: {
    relation: ["group_id", "target", "relation", "position"],
    author: ["group_id", "target", "relation", "author", "position"],
    moderator: ["group_id", "target", "relation", "moderator"],
    id: ["id"],
    expiry: ["expires_at"],
  },
})

/** What this device wants to send, by IntentId. `open` is 1 until nothing is left to do. */
export const INTENTS: Collection & { readonly name: "intents" } = define("intents", {
  kind: "keyed",
  columns: {
    group_id: "text",
    open: "integer",
    position: "integer",
    once: "text",
    message: "text",
  },
  indexes: {
    open: ["open", "position"],
    group: ["group_id", "open", "position"],
    position: ["position"],
    once: ["once"],
    message: ["group_id", "message"],
  },
})

/**
 * Signed events to publish, with what each relay answered, keyed `intent/number`. `open` is 1 while
 * a relay is still to be tried.
 */
export const OUTBOX: Collection & { readonly name: "outbox" } = define("outbox", {
  kind: "keyed",
  columns: { intent: "text", group_id: "text", open: "integer", position: "integer" },
  indexes: { open: ["open", "position"], intent: ["intent", "position"], group: ["group_id"] },
})

/** Invitations that wait for an answer (the Welcome is as secret as the group), by InviteId. */
export const INVITES: Collection & { readonly name: "invites" } = define("invites", {
  kind: "keyed",
  columns: { position: "integer", group_id: "text" },
  indexes: { newest: ["position"], group: ["group_id"] },
})

/** Gift wraps that were dealt with, by event id. */
export const WRAPS: Collection & { readonly name: "wraps" } = define("wraps", {
  kind: "keyed",
  columns: { at: "integer" },
  indexes: { age: ["at"] },
})

/** What happened, for consumers. */
export const EVENTS: Collection & { readonly name: "events" } = define("events", {
  kind: "log",
  columns: { at: "integer" },
  indexes: { age: ["at"] },
})

/** How far each named consumer is, by name. */
export const CONSUMERS: Collection & { readonly name: "consumers" } = define("consumers", {
  kind: "keyed",
  columns: {},
  indexes: {},
})

/** Events that a consumer is done with beyond its position, keyed `name/sequence`. */
export const HANDLED: Collection & { readonly name: "handled" } = define("handled", {
  kind: "keyed",
  columns: { consumer: "text", seq: "integer" },
  indexes: { consumer: ["consumer", "seq"] },
})

/**
 * Events whose handler kept failing, by consumer. `released` is 1 while one waits to be offered again;
 * `event` is its EventKey.
 */
export const PARKED: Collection & { readonly name: "parked" } = define("parked", {
  kind: "keyed",
  columns: { consumer: "text", released: "integer", seq: "integer", event: "text" },
  indexes: { consumer: ["consumer", "released", "seq"], event: ["consumer", "event"] },
})

/** Newest stored `created_at` per subscription and relay. */
export const PROGRESS: Collection & { readonly name: "progress" } = define("progress", {
  kind: "keyed",
  columns: {},
  indexes: {},
})

/** All of them, as they are declared at every start. */
export const COLLECTIONS: ReadonlyArray<Collection> = [
  ACCOUNT,
  KEY_PACKAGES,
  GROUPS,
  ROUTES,
  MLS_PARTS,
  ADMITTED,
  WAITING,
  MESSAGES,
  TEXTS,
  ANNOTATIONS,
  INTENTS,
  OUTBOX,
  INVITES,
  WRAPS,
  EVENTS,
  CONSUMERS,
  HANDLED,
  PARKED,
  PROGRESS,
]
