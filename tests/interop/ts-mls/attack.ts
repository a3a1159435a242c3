/**
 * What somebody can try who was removed and keeps all secrets of the last epoch.
 *
 * @module
 */
import assert from "node:assert/strict"
import { hpkeOpen } from "../../../packages/core/src/crypto/mod.ts"
import { stateOf } from "../../../packages/core/src/mls/group.ts"
import {
  epochFromIntermediate,
  type EpochSecrets,
  joinerKeys,
  joinerSecret,
} from "../../../packages/core/src/mls/key_schedule.ts"
import { encryptContext } from "../../../packages/core/src/mls/labeled.ts"
import { decodeMlsMessage } from "../../../packages/core/src/mls/mls_message.ts"
import {
  type CommitPreview,
  encodeGroupContext,
  type MlsGroup,
} from "../../../packages/core/src/mls/mod.ts"
import { provisionalContext } from "../../../packages/core/src/mls/next_epoch.ts"
import { crypto } from "./our_group.ts"

const zeros = new Uint8Array(32)

/**
 * The next epoch's secrets, if the commit secret were the zeros of a commit without a path: the
 * attacker knows the old init secret, and everything else is public.
 */
export function guessNextEpoch(initSecret: Uint8Array, contextBytes: Uint8Array): EpochSecrets {
  const joiner = joinerSecret(crypto, initSecret, zeros, contextBytes)
  const { intermediate } = joinerKeys(crypto, joiner, zeros)
  return epochFromIntermediate(crypto, intermediate, contextBytes).secrets
}

/** How many ciphertexts of a commit's path open with any private key of this state. */
export function openedByOldKeys(
  before: MlsGroup,
  message: Uint8Array,
  preview: CommitPreview,
): number {
  const decoded = decodeMlsMessage(message.slice())
  assert.equal(decoded.wireFormat, "publicMessage")
  const { content } = decoded.message.content
  assert.equal(content.kind, "commit")
  const { treeHash, extensions } = preview.context
  const context = encodeGroupContext(provisionalContext(before.context, treeHash, extensions))
  const info = encryptContext("UpdatePathNode", context)
  const { keys } = stateOf(before)
  const owned = [keys.leaf, ...keys.path.values()]
  let opened = 0
  for (const node of content.commit.path?.nodes ?? []) {
    for (const sealed of node.secrets) {
      for (const key of owned) {
        const secret = hpkeOpen(crypto, {
          recipientKey: key.dhKey(crypto),
          recipientPublicKey: crypto.x25519PublicKey(key.bytes),
          kemOutput: sealed.kemOutput,
          info,
          additionalData: new Uint8Array(0),
          ciphertext: sealed.ciphertext,
        })
        if (secret !== undefined) opened++
      }
    }
  }
  return opened
}
