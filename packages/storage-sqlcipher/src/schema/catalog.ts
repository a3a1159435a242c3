/**
 * The collections that a database holds, and those that this session may use.
 *
 * @module
 */
import {
  type Collection,
  isValidCollection,
  joinDeclarations,
  type StorageErrorReason,
} from "@mdk/core/services"
import type { SqlConnection } from "../driver/port.ts"
import { createIndex, createTable } from "./collection_tables.ts"
import { inTransaction } from "./migrations.ts"

/** The declared collections of one session. */
export class Catalog {
  readonly #connection: SqlConnection
  readonly #known: Map<string, Collection> = new Map()
  readonly #declared: Map<string, Collection> = new Map()

  /** Reads what the database holds. */
  constructor(connection: SqlConnection) {
    this.#connection = connection
    const rows = connection.prepare("SELECT name, declaration FROM mdk_collections").all()
    for (const row of rows) {
      this.#known.set(String(row["name"]), JSON.parse(String(row["declaration"])))
    }
  }

  /** The collections that are usable now, by name. */
  get declared(): ReadonlyMap<string, Collection> {
    return this.#declared
  }

  /**
   * Creates what is new, all in one transaction. Throws the engine's error.
   *
   * @returns why it was refused and nothing changed, else undefined
   */
  declare(collections: ReadonlyArray<Collection>): StorageErrorReason | undefined {
    if (!collections.every(isValidCollection)) return "invalid"
    const next = new Map<string, Collection>()
    for (const collection of collections) {
      const known = next.get(collection.name) ?? this.#known.get(collection.name)
      const joined = known === undefined
        ? structuredClone(collection)
        : joinDeclarations(known, structuredClone(collection))
      if (joined === undefined) return "newer-schema"
      next.set(collection.name, joined)
    }
    const changed = [...next.values()].filter((collection) => {
      const known = this.#known.get(collection.name)
      return known === undefined ||
        Object.keys(known.indexes).length !== Object.keys(collection.indexes).length
    })
    if (changed.length > 0) {
      inTransaction(this.#connection, () => {
        for (const collection of changed) this.#write(collection)
      })
    }
    for (const [name, collection] of next) {
      this.#known.set(name, collection)
      this.#declared.set(name, collection)
    }
    return undefined
  }

  #write(collection: Collection): void {
    const known = this.#known.get(collection.name)
    if (known === undefined) createTable(this.#connection, collection)
    for (const index of Object.keys(collection.indexes)) {
      if (known === undefined || !Object.hasOwn(known.indexes, index)) {
        createIndex(this.#connection, collection, index)
      }
    }
    this.#connection.prepare(
      "INSERT INTO mdk_collections (name, declaration) VALUES (?, ?) " +
        "ON CONFLICT (name) DO UPDATE SET declaration = excluded.declaration",
    ).run(collection.name, JSON.stringify(collection))
  }
}
