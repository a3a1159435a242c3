import { spawnSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { withPlace } from "./place.ts"

/** Mounts a small file system, `size` as in `3m`; false where that is not possible. */
export function mountSmallDisk(directory: string, size: string): boolean {
  mkdirSync(directory, { recursive: true })
  const options = `size=${size},mode=0700`
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory])
  return status === 0
}

/** Unmounts it. */
export function unmount(directory: string): void {
  spawnSync("umount", [directory])
}

/** Why small disks cannot be mounted here; false where they can. */
export const noSmallDisk: string | false = await withPlace(({ root }) => {
  if (!mountSmallDisk(root, "1m")) return "this user may not mount a small disk"
  unmount(root)
  return false
})
