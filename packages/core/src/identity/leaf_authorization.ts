/**
 * Asking an account to authorize a leaf key.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { SignerError, type SignerService } from "../services/mod.ts"
import {
  accountProofFromEvent,
  accountProofTemplate,
  type ProvenLeafKey,
} from "./account_identity_proof.ts"
import { parsePublicKey, type PublicKey } from "./public_key.ts"

/** A proof that a signer made. */
export interface LeafAuthorization {
  /** Who signed. */
  readonly account: PublicKey
  /** The 104 bytes of component 0x8009. */
  readonly proof: Uint8Array
}

/**
 * Has the signer's account authorize a leaf key, and verifies the answer.
 *
 * @param now Unix seconds
 * @returns fails as the signer does, and with `invalid` when its answer is not exactly what it was asked
 * to sign
 */
export function authorizeLeaf(
  signer: SignerService,
  leaf: ProvenLeafKey,
  now: number,
): Effect.Effect<LeafAuthorization, SignerError> {
  return Effect.gen(function* () {
    const key = yield* signer.publicKey
    const template = accountProofTemplate(leaf, now)
    const event = yield* signer.sign(template)
    return yield* Effect.try({
      try: () => {
        const account = parsePublicKey(key)
        return { account, proof: accountProofFromEvent(event, template, account) }
      },
      catch: () => new SignerError({ operation: "sign", reason: "invalid" }),
    })
  })
}
