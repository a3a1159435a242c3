/**
 * The program `mdk`, as a library: its command line, and what others may reuse of it.
 *
 * @module
 */
export { exitCodeOf, type Failure } from "./exit_code.ts"
export { printable, printableBlock } from "./printable.ts"
export { main } from "./program.ts"
export { refusal, type Versions } from "./runtime_support.ts"
