/**
 * Second names of files, which not every file system knows.
 *
 * @module
 */

const ANSWERS: ReadonlyArray<unknown> = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]

/** True when an error of `link` says that the file system knows no second names. */
export const isWithoutLinks = (error: unknown): boolean =>
  error instanceof Error && ANSWERS.includes(Reflect.get(error, "code"))
