import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A directory of a test, with the path of a database in a directory of its own. */
export interface Place {
  readonly root: string
  readonly path: string
  readonly copy: () => Place
  readonly remove: () => void
}

export function makePlace(): Place {
  const root = mkdtempSync(join(tmpdir(), "mdk-storage-"))
  return {
    root,
    path: join(root, "account", "chat.db"),
    copy: () => {
      const copy = makePlace()
      cpSync(root, copy.root, { recursive: true })
      return copy
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Runs a body with a place that is removed afterwards. */
export async function withPlace<A>(body: (place: Place) => Promise<A> | A): Promise<A> {
  const place = makePlace()
  try {
    return await body(place)
  } finally {
    place.remove()
  }
}
