/**
 * Vectors `welcome`: opening one by hand.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls } from "../../../packages/core/src/codec/tls.ts"
import { hpkeOpen } from "../../../packages/core/src/crypto/mod.ts"
import {
  epochFromIntermediate,
  joinerKeys,
  welcomeKey,
} from "../../../packages/core/src/mls/key_schedule.ts"
import { encryptContext, verifyWithLabel } from "../../../packages/core/src/mls/labeled.ts"
import { decodeMlsMessage } from "../../../packages/core/src/mls/mls_message.ts"
import { keyPackageRef, welcomeRefs } from "../../../packages/core/src/mls/mod.ts"
import { confirmationTag } from "../../../packages/core/src/mls/next_epoch.ts"
import { readGroupInfo, readGroupSecrets } from "../../../packages/core/src/mls/welcome.ts"
import { crypto, family, hex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly init_priv: string
  readonly key_package: string
  readonly signer_pub: string
  readonly welcome: string
}

const none = new Uint8Array(0)

function check(entry: Entry): void {
  const message = decodeMlsMessage(hex(entry.welcome))
  assert.equal(message.wireFormat, "welcome")
  const { welcome } = message
  const own = decodeMlsMessage(hex(entry.key_package))
  assert.equal(own.wireFormat, "keyPackage")
  const ref = keyPackageRef(crypto, own.keyPackage)
  assert.deepEqual(welcomeRefs(hex(entry.welcome))[0], ref)
  const sealed = welcome.secrets.find((s) => s.newMember.every((byte, i) => byte === ref[i]))
  assert.ok(sealed)
  const opened = hpkeOpen(crypto, {
    recipientKey: crypto.importDhKey(hex(entry.init_priv)),
    recipientPublicKey: own.keyPackage.initKey,
    kemOutput: sealed.secrets.kemOutput,
    info: encryptContext("Welcome", welcome.encryptedGroupInfo),
    additionalData: none,
    ciphertext: sealed.secrets.ciphertext,
  })
  assert.ok(opened)
  const secrets = decodeTls(opened, readGroupSecrets)
  const joiner = joinerKeys(crypto, secrets.joinerSecret, new Uint8Array(32))
  const { key, nonce } = welcomeKey(crypto, joiner.welcome)
  const plaintext = crypto.aes128GcmOpen(key, nonce, welcome.encryptedGroupInfo, none)
  assert.ok(plaintext)
  const info = decodeTls(plaintext, readGroupInfo)
  const signer = crypto.importVerificationKey(hex(entry.signer_pub))
  assert.ok(signer)
  assert.equal(verifyWithLabel(crypto, signer, "GroupInfoTBS", info.tbs, info.signature), true)
  const { secrets: epoch } = epochFromIntermediate(crypto, joiner.intermediate, info.contextBytes)
  assert.deepEqual(
    confirmationTag(crypto, epoch.confirmation.bytes, info.context.confirmedTranscriptHash),
    info.confirmationTag,
  )
}

/** The family. */
export const welcome: VectorFamily = family<Entry>({
  name: "welcome",
  keys: ["init_priv", "key_package", "signer_pub", "welcome"],
  check,
})
