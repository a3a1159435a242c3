/**
 * All families of RFC 9420 test vectors.
 *
 * @module
 */
import { cryptoBasics } from "./crypto_basics.ts"
import { deserialization } from "./deserialization.ts"
import type { VectorFamily } from "./family.ts"
import { keySchedule } from "./key_schedule.ts"
import { messageProtection } from "./message_protection.ts"
import { messages } from "./messages.ts"
import {
  passiveClientHandlingCommit,
  passiveClientRandom,
  passiveClientWelcome,
} from "./passive_client.ts"
import { pskSecrets } from "./psk_secret.ts"
import { secretTree } from "./secret_tree.ts"
import { transcriptHashes } from "./transcript_hashes.ts"
import { treeMath } from "./tree_math.ts"
import { treeOperations } from "./tree_operations.ts"
import { treeValidation } from "./tree_validation.ts"
import { treekem } from "./treekem.ts"
import { welcome } from "./welcome.ts"

export type { VectorCase, VectorFamily } from "./family.ts"

/** Every family, in name order. */
export const families: ReadonlyArray<VectorFamily> = [
  cryptoBasics,
  deserialization,
  keySchedule,
  messageProtection,
  messages,
  passiveClientHandlingCommit,
  passiveClientRandom,
  passiveClientWelcome,
  pskSecrets,
  secretTree,
  transcriptHashes,
  treeMath,
  treeOperations,
  treeValidation,
  treekem,
  welcome,
]
