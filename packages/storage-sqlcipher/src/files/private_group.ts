/**
 * Groups of which a person is the only member.
 *
 * Many Linux systems give everybody a group of their own and a umask of 002. A directory that is
 * writable by such a group is not writable by others.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import { userInfo } from "node:os"

/** True when the group is this user's own by name and nobody else is listed in it. */
export function isPrivateGroup(gid: number): boolean {
  try {
    return isPrivateGroupIn(readFileSync("/etc/group", "utf8"), gid, userInfo().username)
  } catch {
    return false
  }
}

/** As {@link isPrivateGroup}, by the text of a group file. */
export function isPrivateGroupIn(groups: string, gid: number, user: string): boolean {
  const entries = groups.split("\n").map((line) => line.split(":"))
    .filter((fields) => fields.length === 4 && fields[2] === String(gid))
  const [entry] = entries
  if (entry === undefined || entries.length > 1 || entry[0] !== user) return false
  return (entry[3] ?? "").split(",").every((member) => member === "" || member === user)
}
