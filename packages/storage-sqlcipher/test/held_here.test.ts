import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { databasePaths } from "../src/files/database_paths.ts"
import { isHeldHere } from "../src/open/instance_lock.ts"
import { open } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

test("a database is held by this process while it is open, and not where no directory is", () =>
  withPlace(async ({ path, root }) => {
    const paths = databasePaths(path)
    assert.equal(isHeldHere(paths), false)
    assert.equal(isHeldHere(databasePaths(join(root, "no", "such", "chat.db"))), false)
    await open(path, () => Effect.sync(() => assert.equal(isHeldHere(paths), true)))
    assert.equal(isHeldHere(paths), false)
  }))
