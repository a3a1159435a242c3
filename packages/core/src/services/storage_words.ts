/**
 * The words of a text, as full-text search sees them: the same on every adapter and runtime.
 *
 * A word is a run of letters, digits and marks, with case, compatibility forms and diacritics
 * folded (`Straße` and `STRASSE`, `Café` and `cafe` are equal). In scripts that are written without
 * spaces every character is a word of its own, so that a search for part of a sentence finds it.
 *
 * @module
 */

/** Longest word that is told apart, in UTF-16 units; longer runs are cut there. */
export const MAX_WORD_LENGTH = 64

// Combining marks of Latin, Greek and Cyrillic, Hebrew points, Arabic vowel signs. Marks of other
// scripts are vowels: without them different words would become one.
const DIACRITICS =
  /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/gu
const WORD = new RegExp(
  "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}" +
    "\\p{Script=Khmer}\\p{Script=Myanmar}]\\p{M}*|(?:(?![\\p{Script=Han}\\p{Script=Hiragana}" +
    "\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}])" +
    "[\\p{L}\\p{N}\\p{M}])+",
  "gu",
)

/**
 * The distinct words of a text, in order of first occurrence.
 *
 * @example
 * ```ts
 * import { wordsOf } from "@mdk/core/services"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(wordsOf("Überraschung, Überraschung: 你好!"), ["uberraschung", "你", "好"])
 * ```
 */
export function wordsOf(text: string): ReadonlyArray<string> {
  const folded = text.normalize("NFKD").replace(DIACRITICS, "").toUpperCase().toLowerCase()
    .replaceAll("ς", "σ").normalize("NFC")
  const words = new Set<string>()
  for (const match of folded.matchAll(WORD)) words.add(cut(match[0]))
  return [...words]
}

function cut(word: string): string {
  if (word.length <= MAX_WORD_LENGTH) return word
  const last = word.charCodeAt(MAX_WORD_LENGTH - 1)
  return word.slice(0, last >= 0xd800 && last < 0xdc00 ? MAX_WORD_LENGTH - 1 : MAX_WORD_LENGTH)
}
