/**
 * What every transport must do, as tests that any transport can run.
 *
 * @module
 */
import { describe } from "node:test"
import { transportFetchContract } from "./transport_contract_fetch.ts"
import { transportPublishContract } from "./transport_contract_publish.ts"
import { transportContractTest, type TransportSubject } from "./transport_contract_subject.ts"
import { transportSubscribeContract } from "./transport_contract_subscribe.ts"

export type { ContractRelay, TransportSubject } from "./transport_contract_subject.ts"

/**
 * Registers the contract tests (`node:test`) of a transport.
 *
 * @param name how the transport is called in the report
 * @param make makes a fresh set of relays; called once per test
 */
export function transportContract(name: string, make: () => Promise<TransportSubject>): void {
  describe(`Transport contract: ${name}`, () => {
    const test = transportContractTest(make)
    transportPublishContract(test)
    transportSubscribeContract(test)
    transportFetchContract(test)
  })
}
