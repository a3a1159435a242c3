/**
 * Reads the byte vectors of the reference engine.
 *
 * @module
 */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { needsVectors, vectorFiles, vectorFolder } from "../../../tests/vectors/vector_files.ts"

/** Any JSON value, for walking through vector files. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: Json
}

/** Option of a suite that reads `mdk-head`. */
export const needsMdkHead: { readonly skip?: string } = needsVectors("mdk-head")

/** One file of `mdk-head`; its type is the reader's claim. */
export function mdkHead<A>(name: string): A {
  return readJson<A>(resolve(vectorFolder("mdk-head") ?? "", name))
}

/** All files of `mdk-head` with their names. */
export function mdkHeadFiles(): ReadonlyArray<readonly [string, JsonObject]> {
  return vectorFiles("mdk-head").map((path) => [path.split("/").at(-1) ?? "", readJson(path)])
}

/** All files of `mdk-bytes` with their names; their type is the reader's claim. */
export function mdkBytesFiles<A>(): ReadonlyArray<readonly [string, A]> {
  return vectorFiles("mdk-bytes").map((path) => [path.split("/").at(-1) ?? "", readJson<A>(path)])
}

/** All objects anywhere inside a value that satisfy a test. */
export function findObjects(
  value: Json | undefined,
  wanted: (object: JsonObject) => boolean,
): ReadonlyArray<JsonObject> {
  if (value === undefined || typeof value !== "object" || value === null) return []
  if (Array.isArray(value)) return value.flatMap((item: Json) => findObjects(item, wanted))
  const object = value as JsonObject
  const inside = Object.values(object).flatMap((item) => findObjects(item, wanted))
  return wanted(object) ? [object, ...inside] : inside
}

function readJson<A>(path: string): A {
  return JSON.parse(readFileSync(path, "utf8"))
}
