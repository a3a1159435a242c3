/**
 * Vectors `key-schedule`: the secrets of consecutive epochs.
 *
 * @module
 */
import assert from "node:assert/strict"
import { hpkeDeriveKeyPair } from "../../../packages/core/src/crypto/mod.ts"
import { encodeGroupContext } from "../../../packages/core/src/mls/group_context.ts"
import {
  epochFromIntermediate,
  exporterSecret,
  joinerKeys,
  joinerSecret,
} from "../../../packages/core/src/mls/key_schedule.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Epoch {
  readonly tree_hash: string
  readonly commit_secret: string
  readonly psk_secret: string
  readonly confirmed_transcript_hash: string
  readonly group_context: string
  readonly joiner_secret: string
  readonly welcome_secret: string
  readonly init_secret: string
  readonly sender_data_secret: string
  readonly encryption_secret: string
  readonly exporter_secret: string
  readonly epoch_authenticator: string
  readonly external_secret: string
  readonly confirmation_key: string
  readonly membership_key: string
  readonly resumption_psk: string
  readonly external_pub: string
  readonly exporter: {
    readonly label: string
    readonly context: string
    readonly length: number
    readonly secret: string
  }
}

interface Entry {
  readonly group_id: string
  readonly initial_init_secret: string
  readonly epochs: ReadonlyArray<Epoch>
}

function check(entry: Entry): void {
  let init = hex(entry.initial_init_secret)
  entry.epochs.forEach((epoch, index) => {
    const context = encodeGroupContext({
      version: 1,
      cipherSuite: 1,
      groupId: hex(entry.group_id),
      epoch: BigInt(index),
      treeHash: hex(epoch.tree_hash),
      confirmedTranscriptHash: hex(epoch.confirmed_transcript_hash),
      extensions: [],
    })
    assert.equal(toHex(context), epoch.group_context)
    const joiner = joinerSecret(crypto, init, hex(epoch.commit_secret), context)
    assert.equal(toHex(joiner), epoch.joiner_secret)
    const { intermediate, welcome } = joinerKeys(crypto, joiner, hex(epoch.psk_secret))
    assert.equal(toHex(welcome), epoch.welcome_secret)
    const { secrets, encryptionSecret } = epochFromIntermediate(crypto, intermediate, context)
    assert.equal(toHex(encryptionSecret), epoch.encryption_secret)
    assert.equal(toHex(secrets.init.bytes), epoch.init_secret)
    assert.equal(toHex(secrets.senderData.bytes), epoch.sender_data_secret)
    assert.equal(toHex(secrets.exporter.bytes), epoch.exporter_secret)
    assert.equal(toHex(secrets.epochAuthenticator.bytes), epoch.epoch_authenticator)
    assert.equal(toHex(secrets.external.bytes), epoch.external_secret)
    assert.equal(toHex(secrets.confirmation.bytes), epoch.confirmation_key)
    assert.equal(toHex(secrets.membership.bytes), epoch.membership_key)
    assert.equal(toHex(secrets.resumptionPsk.bytes), epoch.resumption_psk)
    const external = hpkeDeriveKeyPair(crypto, secrets.external.bytes)
    assert.equal(toHex(external.publicKey), epoch.external_pub)
    const { label, context: exporterContext, length, secret } = epoch.exporter
    assert.equal(
      toHex(
        exporterSecret(crypto, secrets.exporter.bytes, label, hex(exporterContext), length),
      ),
      secret,
    )
    init = secrets.init.bytes.slice()
  })
}

/** The family. */
export const keySchedule: VectorFamily = family<Entry>({
  name: "key-schedule",
  keys: ["group_id", "initial_init_secret", "epochs"],
  check,
})
