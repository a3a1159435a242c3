/**
 * How collections, columns and indexes are called in SQL.
 *
 * Names of the contract are lower-case ASCII with underscores; the prefixes keep them apart from the
 * names of this package and of SQL, the colon keeps what belongs to a collection apart from others.
 *
 * @module
 */
import type { Collection } from "@mdk/core/services"

/** The table of a collection. */
export const tableOf = (collection: Collection): string => `"c_${collection.name}"`

/** A lookup column. */
export const columnOf = (name: string): string => `"x_${name}"`

/** An index of a collection; `key` is the one that a keyed collection always has. */
export const indexOf = (collection: Collection, index: string): string =>
  `"c_${collection.name}:${index}"`

/** The full-text index of a searchable collection. */
export const searchTableOf = (collection: Collection): string => `"c_${collection.name}:words"`

/** The column that holds the key of a row. */
export const keyColumnOf = (collection: Collection): "key" | "seq" =>
  collection.kind === "keyed" ? "key" : "seq"

/** The columns that make a row of the contract, of rows `r` joined by {@link WITH_VALUES}. */
export const rowColumnsOf = (collection: Collection): string =>
  [keyColumnOf(collection), ...Object.keys(collection.columns).map(columnOf)]
    .map((column) => `r.${column}`).concat("v.value").join(", ")

/** Joins the values to the rows `r` of a collection, in the order of the rows. */
export const WITH_VALUES = "CROSS JOIN mdk_values AS v ON v.id = r.place"
