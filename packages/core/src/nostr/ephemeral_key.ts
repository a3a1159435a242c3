/**
 * Keys that sign one event and are forgotten.
 *
 * @module
 */
import { isSecp256k1PrivateKey, Secret } from "../crypto/mod.ts"
import { signEvent } from "../identity/mod.ts"
import type { EntropyService, EventTemplate, NostrEvent } from "../services/mod.ts"

/** A fresh secret key, owned by the caller. */
export function freshSecretKey(entropy: EntropyService): Secret {
  for (;;) {
    const bytes = entropy.bytes(32)
    if (isSecp256k1PrivateKey(bytes)) return Secret.take(bytes)
    bytes.fill(0)
  }
}

/** Signs a template with a key that nobody sees again. */
export function signEphemeral(template: EventTemplate, entropy: EntropyService): NostrEvent {
  const key = freshSecretKey(entropy)
  try {
    return signEvent(key, template, entropy.bytes(32))
  } finally {
    key.wipe()
  }
}
