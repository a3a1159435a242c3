/**
 * The ids of committed batches, each stored in its own transaction.
 *
 * Only the newest are kept, on disk and in memory: whoever repeats a batch does so at once, or right
 * after a restart.
 *
 * @module
 */
import { REMEMBERED_BATCHES } from "@mdk/core/services"
import type { SqlConnection } from "../driver/port.ts"

/** How many more than promised may gather before the oldest are deleted. */
const SLACK = 128

/** The remembered batches of one connection. */
export class RememberedBatches {
  readonly #connection: SqlConnection
  readonly #appended: Map<string, ReadonlyArray<number>> = new Map()

  /** Reads what the database remembers. */
  constructor(connection: SqlConnection) {
    this.#connection = connection
    this.reload()
  }

  /** Reads again what the database remembers: after a commit whose outcome is not known. */
  reload(): void {
    this.#appended.clear()
    const rows = this.#connection.prepare("SELECT id, appended FROM mdk_batches ORDER BY number")
      .all()
    for (const row of rows) {
      this.#appended.set(String(row["id"]), decodeNumbers(String(row["appended"])))
    }
  }

  /** The appended numbers of a committed batch; undefined when it is not remembered. */
  get(id: string): ReadonlyArray<number> | undefined {
    return this.#appended.get(id)
  }

  /** Writes a batch into the running transaction and makes room. */
  write(id: string, appended: ReadonlyArray<number>): void {
    const { lastRowId } = this.#connection
      .prepare("INSERT INTO mdk_batches (id, appended) VALUES (?, ?)")
      .run(id, encodeNumbers(appended))
    if (this.#appended.size >= REMEMBERED_BATCHES + SLACK) {
      this.#connection.prepare("DELETE FROM mdk_batches WHERE number <= ?")
        .run(lastRowId - REMEMBERED_BATCHES)
    }
  }

  /** Notes that the transaction with this batch was committed. */
  committed(id: string, appended: ReadonlyArray<number>): void {
    if (this.#appended.size >= REMEMBERED_BATCHES + SLACK) {
      let surplus = this.#appended.size + 1 - REMEMBERED_BATCHES
      for (const oldest of this.#appended.keys()) {
        if (surplus-- <= 0) break
        this.#appended.delete(oldest)
      }
    }
    this.#appended.set(id, appended)
  }
}

/** Writes ascending runs as `first-last`, so that thousands of numbers stay a short text. */
function encodeNumbers(numbers: ReadonlyArray<number>): string {
  const runs: Array<string> = []
  for (let at = 0; at < numbers.length;) {
    const first = numbers[at] ?? 0
    let last = first
    while (numbers[++at] === last + 1) last += 1
    runs.push(first === last ? `${first}` : `${first}-${last}`)
  }
  return runs.join()
}

function decodeNumbers(text: string): ReadonlyArray<number> {
  const numbers: Array<number> = []
  for (const run of text === "" ? [] : text.split(",")) {
    const [first = 0, last = first] = run.split("-").map(Number)
    for (let number = first; number <= last; number++) numbers.push(number)
  }
  return numbers
}
