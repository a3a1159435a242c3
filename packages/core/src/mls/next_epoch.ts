/**
 * From one epoch to the next: transcript hashes, GroupContext, key schedule, confirmation tag (RFC
 * 9420 sections 8 and 8.2).
 *
 * @module
 */
import { TlsWriter } from "../codec/tls.ts"
import type { CryptoProvider } from "../crypto/provider.ts"
import type { Extension } from "./extension.ts"
import { encodeGroupContext, type GroupContext } from "./group_context.ts"
import type { GroupState } from "./group_state.ts"
import {
  type DerivedEpoch,
  epochFromIntermediate,
  joinerKeys,
  joinerSecret,
} from "./key_schedule.ts"
import { refuse } from "./mls_error.ts"

/** `confirmed_transcript_hash` after a commit, 32 bytes. */
export function confirmedTranscriptHash(
  crypto: CryptoProvider,
  interim: Uint8Array,
  wireFormat: number,
  content: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  return crypto.sha256(
    new TlsWriter(interim.length + content.length + signature.length + 8)
      .opaque(interim).u16(wireFormat).opaque(content).opaqueV(signature).view(),
  )
}

/** `interim_transcript_hash` from the confirmed one and the confirmation tag, 32 bytes. */
export function interimTranscriptHash(
  crypto: CryptoProvider,
  confirmed: Uint8Array,
  confirmationTag: Uint8Array,
): Uint8Array {
  return crypto.sha256(new TlsWriter(80).opaque(confirmed).opaqueV(confirmationTag).view())
}

/** `confirmation_tag`, 32 bytes. */
export function confirmationTag(
  crypto: CryptoProvider,
  confirmationKey: Uint8Array,
  confirmed: Uint8Array,
): Uint8Array {
  return crypto.hmacSha256(confirmationKey, confirmed)
}

const lastEpoch = 0xffff_ffff_ffff_ffffn

/**
 * The GroupContext that path secrets are encrypted under: new but for the transcript hash. Nothing
 * comes after the last epoch of 64 bits: `invalid-commit`.
 */
export function provisionalContext(
  context: GroupContext,
  treeHash: Uint8Array,
  extensions: ReadonlyArray<Extension>,
): GroupContext {
  if (context.epoch >= lastEpoch) refuse("invalid-commit")
  return { ...context, epoch: context.epoch + 1n, treeHash, extensions }
}

/** The next epoch's public and secret values; secrets are owned by the caller. */
export interface NextEpoch extends DerivedEpoch {
  /** GroupContext of the next epoch. */
  readonly context: GroupContext
  /** Its encoding. */
  readonly contextBytes: Uint8Array
  /** The tag that this side computes. */
  readonly confirmationTag: Uint8Array
  /** `joiner_secret`. */
  readonly joiner: Uint8Array
  /** `welcome_secret`. */
  readonly welcome: Uint8Array
}

/** Runs the key schedule; `commitSecret` and `pskSecret` stay the caller's. */
export function nextEpoch(
  state: GroupState,
  context: GroupContext,
  commitSecret: Uint8Array,
  pskSecret: Uint8Array,
): NextEpoch {
  const { crypto } = state
  const contextBytes = encodeGroupContext(context)
  const joiner = joinerSecret(crypto, state.secrets.init.bytes, commitSecret, contextBytes)
  const { intermediate, welcome } = joinerKeys(crypto, joiner, pskSecret)
  const derived = epochFromIntermediate(crypto, intermediate, contextBytes)
  intermediate.fill(0)
  return {
    ...derived,
    context,
    contextBytes,
    confirmationTag: confirmationTag(
      crypto,
      derived.secrets.confirmation.bytes,
      context.confirmedTranscriptHash,
    ),
    joiner,
    welcome,
  }
}
