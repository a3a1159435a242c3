/**
 * All families of RFC 9420 test vectors.
 *
 * @module
 */
import { cryptoBasics } from "./crypto_basics.ts"
import { deserialization } from "./deserialization.ts"
import type { VectorFamily } from "./family.ts"
import { keySchedule } from "./key_schedule.ts"
import {
  passiveClientHandlingCommit,
  passiveClientRandom,
  passiveClientWelcome,
} from "./passive_client.ts"
import { pskSecrets } from "./psk_secret.ts"
import { secretTree } from "./secret_tree.ts"
import { treeMath } from "./tree_math.ts"

export type { VectorCase, VectorFamily } from "./family.ts"

/** Every family, in name order. */
export const families: ReadonlyArray<VectorFamily> = [
  cryptoBasics,
  deserialization,
  keySchedule,
  passiveClientHandlingCommit,
  passiveClientRandom,
  passiveClientWelcome,
  pskSecrets,
  secretTree,
  treeMath,
]
