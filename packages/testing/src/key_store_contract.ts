/**
 * What every `KeyStore` has to do, as tests.
 *
 * Call {@link keyStoreContract} from a test file: it registers one group of `node:test` tests.
 *
 * @module
 */
import { describe } from "node:test"
import { keyEntryContract } from "./key_store_contract_entries.ts"
import { keyLifeContract } from "./key_store_contract_keys.ts"
import { keyNameContract } from "./key_store_contract_names.ts"
import { checkOf, type KeyStoreSubject } from "./key_store_contract_subject.ts"

export type { KeyStoreSubject } from "./key_store_contract_subject.ts"

/** Registers the tests for one store. */
export const keyStoreContract = (subject: KeyStoreSubject): void => {
  const check = checkOf(subject)
  describe(`key store contract: ${subject.name}`, () => {
    keyLifeContract(subject, check)
    keyNameContract(subject, check)
    keyEntryContract(subject, check)
  })
}
