/**
 * Vectors `passive-client-*`: a member that joins by a Welcome and only listens.
 *
 * @module
 */
import assert from "node:assert/strict"
import {
  importKeyPackage,
  join,
  type MlsGroup,
  type MlsPolicy,
  processMessage,
} from "../../../packages/core/src/mls/mod.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Epoch {
  readonly proposals: ReadonlyArray<string>
  readonly commit: string
  readonly epoch_authenticator: string
}

interface Entry {
  readonly external_psks: ReadonlyArray<{ readonly psk_id: string; readonly psk: string }>
  readonly key_package: string
  readonly signature_priv: string
  readonly encryption_priv: string
  readonly init_priv: string
  readonly welcome: string
  readonly ratchet_tree: string | null
  readonly initial_epoch_authenticator: string
  readonly epochs: ReadonlyArray<Epoch>
}

function check(entry: Entry): void {
  const past = new Map<bigint, Uint8Array>()
  const policy: MlsPolicy = {
    psk: (id) => {
      if (id.kind === "resumption") return past.get(id.epoch)
      const found = entry.external_psks.find((p) => p.psk_id === toHex(id.id))
      return found === undefined ? undefined : hex(found.psk)
    },
  }
  const keyPackage = importKeyPackage({
    crypto,
    keyPackage: hex(entry.key_package).subarray(4),
    initKey: hex(entry.init_priv),
    leafKey: hex(entry.encryption_priv),
    signatureSeed: hex(entry.signature_priv),
  })
  let group: MlsGroup = join({
    crypto,
    welcome: hex(entry.welcome),
    keyPackages: [keyPackage],
    policy,
    ...(entry.ratchet_tree === null ? {} : { ratchetTree: hex(entry.ratchet_tree) }),
  }).group
  assert.equal(toHex(group.epochAuthenticator), entry.initial_epoch_authenticator)
  for (const epoch of entry.epochs) {
    past.set(group.epoch, group.resumptionPsk)
    for (const proposal of epoch.proposals) {
      const received = processMessage(group, hex(proposal), policy)
      assert.equal(received.kind, "proposal")
      group = received.group
    }
    const received = processMessage(group, hex(epoch.commit), policy)
    assert.equal(received.kind, "commit")
    assert.ok(received.next, "the listener is never removed")
    group = received.next
    assert.equal(toHex(group.epochAuthenticator), epoch.epoch_authenticator)
  }
}

const passive = (name: string): VectorFamily =>
  family<Entry>({
    name,
    keys: [
      "external_psks",
      "key_package",
      "signature_priv",
      "encryption_priv",
      "init_priv",
      "welcome",
      "ratchet_tree",
      "initial_epoch_authenticator",
      "epochs",
    ],
    check,
  })

/** Joining, in every form. */
export const passiveClientWelcome: VectorFamily = passive("passive-client-welcome")
/** Commits of every kind. */
export const passiveClientHandlingCommit: VectorFamily = passive("passive-client-handling-commit")
/** 200 random epochs. */
export const passiveClientRandom: VectorFamily = passive("passive-client-random")
