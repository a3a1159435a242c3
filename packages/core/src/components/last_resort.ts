/**
 * Component 0x0004 `last_resort_key_package`: an empty entry in the dictionary of a KeyPackage (not of
 * its leaf). Its only effect: the private init key survives a join.
 *
 * @module
 */
import { type AppDataDictionary, decodeDictionary } from "./app_data_dictionary.ts"
import { refuseComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

/** The dictionary that marks a KeyPackage as last resort. */
export const lastResortDictionary: AppDataDictionary = new Map([
  [ComponentId.lastResort, new Uint8Array()],
])

/**
 * Whether the dictionary of a KeyPackage marks it as last resort; `undefined` when it has none.
 *
 * @throws {ComponentError} when the dictionary is malformed, `invalid-value` when the entry is not
 * empty
 */
export function isLastResort(keyPackageDictionary: Uint8Array | undefined): boolean {
  if (keyPackageDictionary === undefined) return false
  const entry = decodeDictionary(keyPackageDictionary).get(ComponentId.lastResort)
  if (entry === undefined) return false
  if (entry.length > 0) refuseComponent(ComponentId.lastResort, "invalid-value")
  return true
}
