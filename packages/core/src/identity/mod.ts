/**
 * Accounts and their keys, signed events, account identity proofs, and signers.
 *
 * @module
 */
export * from "./account_identity_proof.ts"
export * from "./event_error.ts"
export * from "./event_verification.ts"
export * from "./exact_signature.ts"
export * from "./key_format_error.ts"
export * from "./leaf_authorization.ts"
export * from "./local_signer.ts"
export * from "./nip07_signer.ts"
export * from "./nip44.ts"
export * from "./public_key.ts"
export * from "./secret_key.ts"
