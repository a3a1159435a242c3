/**
 * A folder that goes when the test file is done.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after } from "node:test"

/** Makes the folder, mode 0700. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "mdk-keyring-"))
  after(() => rmSync(folder, { recursive: true }))
  return folder
}
