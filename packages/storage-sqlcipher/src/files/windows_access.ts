/**
 * Access control on Windows: only the current user, nothing inherited.
 *
 * Not run on a real machine yet; what is tested is the commands that it gives.
 *
 * @module
 */
import { execFileSync } from "node:child_process"
import { win32 } from "node:path"
import process from "node:process"
import { UnsafeFileError } from "./unsafe_file_error.ts"

/** Runs a program to its end and answers what it printed; throws when it fails. */
export type RunProgram = (program: string, values: ReadonlyArray<string>) => string

const runProgram: RunProgram = (program, values) =>
  execFileSync(program, [...values], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 10_000,
    windowsHide: true,
  })

/** The place of the system's own programs; never one found through PATH. */
const systemProgram = (name: string): string =>
  win32.join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", name)

/** The security identifier of the current user, out of what `whoami /user /fo csv /nh` prints. */
export function currentUserSid(printed: string): string {
  const sid = /"(S-1-[0-9-]+)"\s*$/.exec(printed.trim())?.[1]
  if (sid === undefined) throw new UnsafeFileError("access-control-failed")
  return sid
}

/** Arguments of icacls that leave one user full control and take away what is inherited. */
export function accessArguments(
  path: string,
  kind: "file" | "directory",
  sid: string,
): ReadonlyArray<string> {
  const rights = kind === "directory" ? "(OI)(CI)F" : "F"
  return [path, "/inheritance:r", "/grant:r", `*${sid}:${rights}`, "/q"]
}

/**
 * Limits a file or directory to the current user.
 *
 * Throws {@link UnsafeFileError} when that cannot be done.
 */
export function restrictToCurrentUser(
  path: string,
  kind: "file" | "directory",
  run: RunProgram = runProgram,
): void {
  try {
    const sid = currentUserSid(run(systemProgram("whoami.exe"), ["/user", "/fo", "csv", "/nh"]))
    run(systemProgram("icacls.exe"), accessArguments(path, kind, sid))
  } catch {
    throw new UnsafeFileError("access-control-failed")
  }
}
