/**
 * How much work it is to try one passphrase: the parameters of argon2id (RFC 9106) and their bounds.
 *
 * @module
 */

/** Parameters of argon2id. */
export interface Argon2Parameters {
  /** Memory in KiB. */
  readonly memoryKiB: number
  /** Passes over the memory. */
  readonly passes: number
  /** Lanes; they are computed one after the other here, an attacker computes them in parallel. */
  readonly lanes: number
}

/** The second recommended option of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes. */
export const RECOMMENDED: Argon2Parameters = { memoryKiB: 65_536, passes: 3, lanes: 4 }

/** The least that is accepted for a new file: 19 MiB and 2 passes. */
export const LEAST: Argon2Parameters = { memoryKiB: 19_456, passes: 2, lanes: 1 }

/** The most that is accepted, in a file or as an option: 1 GiB, 16 passes, 16 lanes, 4 GiB of work. */
export const MOST: Argon2Parameters = { memoryKiB: 1_048_576, passes: 16, lanes: 16 }
const MOST_WORK_KIB = 4 * 1_048_576

/** True when a file with these parameters may be opened: defined by the RFC, and affordable. */
export const areReadable = ({ memoryKiB, passes, lanes }: Argon2Parameters): boolean =>
  [memoryKiB, passes, lanes].every(Number.isSafeInteger) &&
  lanes >= 1 && lanes <= MOST.lanes && passes >= 1 && passes <= MOST.passes &&
  memoryKiB >= 8 * lanes && memoryKiB <= MOST.memoryKiB && memoryKiB * passes <= MOST_WORK_KIB

/** True when a new file may be made with these parameters. */
export const areStrong = (parameters: Argon2Parameters): boolean =>
  areReadable(parameters) && parameters.memoryKiB >= LEAST.memoryKiB &&
  parameters.passes >= LEAST.passes

/** The stronger of each parameter, or `wanted` alone where both together would be unaffordable. */
export const raise = (stored: Argon2Parameters, wanted: Argon2Parameters): Argon2Parameters => {
  const raised = {
    memoryKiB: Math.max(stored.memoryKiB, wanted.memoryKiB),
    passes: Math.max(stored.passes, wanted.passes),
    lanes: Math.max(stored.lanes, wanted.lanes),
  }
  return areReadable(raised) ? raised : wanted
}
