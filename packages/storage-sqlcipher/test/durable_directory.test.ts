import assert from "node:assert/strict"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { securePrivateDirectory } from "../src/files/private_directory.ts"
import { synchronizeDirectory } from "../src/files/synchronize_directory.ts"
import { withPlace } from "./support/place.ts"

test("every directory that got a new one in it is made durable, from the top, and no other", () =>
  withPlace(({ root }) => {
    const synchronized = (directory: string) => {
      const order: Array<string> = []
      securePrivateDirectory(directory, (at) => {
        synchronizeDirectory(at)
        order.push(at)
      })
      return order
    }
    const [a, b, c] = [join(root, "a"), join(root, "a", "b"), join(root, "a", "b", "c")]
    assert.deepEqual(synchronized(c), [root, a, b])
    assert.deepEqual(synchronized(c), [])
    mkdirSync(join(root, "d"))
    assert.deepEqual(synchronized(join(root, "d", "e")), [join(root, "d")])
  }))
