/**
 * `deno doc --lint` over every entry point at once, without its one false alarm.
 *
 * Deno reports `private-type-ref` for every type of an npm package, because those files have `file:`
 * addresses. A diagnostic of that kind counts only when the private type that it quotes stands in
 * one of our own sources.
 *
 * @module
 */

/** Splits the program's report into diagnostics. */
export function diagnosticsOf(report: string): ReadonlyArray<string> {
  return report.split(/^(?=error\[)/m).filter((block) => block.startsWith("error["))
}

/**
 * Keeps the diagnostics that are about our sources.
 *
 * @param diagnostics as {@link diagnosticsOf} gave them
 * @param ownLines every `LINE NUMBER|trimmed text` of our sources
 */
export function ownDiagnostics(
  diagnostics: ReadonlyArray<string>,
  ownLines: ReadonlySet<string>,
): ReadonlyArray<string> {
  return diagnostics.filter((block) => {
    if (!block.startsWith("error[private-type-ref]")) return true
    const quoted = /^\s*(\d+) \| (.*)$/m.exec(block.split("= hint")[1] ?? "")
    return quoted === null || ownLines.has(`${quoted[1]}|${(quoted[2] ?? "").trim()}`)
  })
}

/** The lookup set of {@link ownDiagnostics} for some sources. */
export function linesOf(texts: ReadonlyArray<string>): ReadonlySet<string> {
  return new Set(
    texts.flatMap((text) => text.split("\n").map((line, at) => `${at + 1}|${line.trim()}`)),
  )
}
