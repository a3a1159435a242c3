/**
 * Makes foreign text harmless for a terminal.
 *
 * Message texts, names and everything else that another person chose may hold control characters,
 * escape sequences and direction marks. They are shown, never executed.
 *
 * @module
 */

/** Controls, formats (direction marks, tags), line separators, private use, lone surrogates. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu

/** The joiner inside emoji sequences is a format character that shows nothing by itself. */
const EMOJI_JOINER = "\u200d"

/** More marks than this on one character only hide what is above and below. */
const STACKED_MARKS = /(\p{M}{8})\p{M}+/gu

/**
 * One line of foreign text: every control or format character becomes a visible `\u{1b}`, line feeds
 * and tabs become `\n` and `\t`.
 *
 * @example
 * ```ts
 * import { printable } from "@mdk/cli"
 *
 * console.log(printable("\u001b[2Jhello"))
 * ```
 */
export function printable(text: string): string {
  return text.replace(STACKED_MARKS, "$1").replace(HIDDEN, (character) => {
    if (character === EMOJI_JOINER) return character
    if (character === "\n") return "\\n"
    if (character === "\t") return "\\t"
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
}

/** Several lines of foreign text: line breaks stay and every further line gets `indent`. */
export function printableBlock(text: string, indent: string): string {
  return text.split(/\r\n|\r|\n/).map(printable).join(`\n${indent}`)
}
