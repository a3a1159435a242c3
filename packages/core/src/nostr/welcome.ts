/**
 * Kind 444: the rumor that carries an MLS Welcome.
 *
 * Content: base64 of the MLSMessage. Tags: one `e` that claims which KeyPackage event was used, one
 * `relays` with the relays of the group.
 *
 * @module
 */
import { decodeBase64, encodeBase64, isHex } from "../codec/mod.ts"
import { isRelayUrl, maxRelays, type RelayUrl } from "../components/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import type { Rumor } from "../services/mod.ts"
import { refuseEnvelope } from "./envelope_error.ts"
import { makeRumor } from "./gift_wrap.ts"
import { NostrKind } from "./nostr_kind.ts"

/** What a Welcome rumor says. Everything but the Welcome itself is a claim. */
export interface WelcomeInput {
  /** The MLSMessage with the Welcome; the same for all invitees of one commit. */
  readonly welcome: Uint8Array
  /** Id of the KeyPackage event, 64 lower-case hex. */
  readonly keyPackageEventId: string
  /** Relays of the group, 1 to 16. */
  readonly relays: ReadonlyArray<RelayUrl>
}

/**
 * Makes the rumor for one invitee.
 *
 * @param inviter who sends it, and signs the seal
 * @param createdAt Unix seconds, now
 * @throws {EnvelopeError} `bad-tags` for no or more than 16 relays
 */
export function welcomeRumor(inviter: PublicKey, createdAt: number, input: WelcomeInput): Rumor {
  const relays = [...new Set(input.relays)]
  if (relays.length === 0 || relays.length > maxRelays) refuseEnvelope("bad-tags")
  return makeRumor({
    pubkey: inviter,
    created_at: createdAt,
    kind: NostrKind.welcome,
    tags: [["e", input.keyPackageEventId], ["relays", ...relays]],
    content: encodeBase64(input.welcome),
  })
}

/**
 * Reads a Welcome rumor. Further tags are ignored.
 *
 * @throws {EnvelopeError} `wrong-kind`, `bad-tags` (not exactly one `e` with an id, not exactly one
 * `relays` with 1 to 16 different relay addresses), `bad-content` (no base64, or empty)
 */
export function readWelcome(rumor: Rumor): WelcomeInput {
  if (rumor.kind !== NostrKind.welcome) refuseEnvelope("wrong-kind")
  const [keyPackageEventId, ...moreIds] = single(rumor, "e")
  if (keyPackageEventId === undefined || moreIds.length > 0 || !isHex(keyPackageEventId, 32)) {
    return refuseEnvelope("bad-tags")
  }
  const relays = single(rumor, "relays").map((url) =>
    isRelayUrl(url) ? url : refuseEnvelope("bad-tags")
  )
  if (
    relays.length === 0 || relays.length > maxRelays || new Set(relays).size !== relays.length
  ) {
    refuseEnvelope("bad-tags")
  }
  return { welcome: decodeContent(rumor.content), keyPackageEventId, relays }
}

const single = (rumor: Rumor, name: string): ReadonlyArray<string> => {
  const [tag, ...more] = rumor.tags.filter((tag) => tag[0] === name)
  return tag === undefined || more.length > 0 ? refuseEnvelope("bad-tags") : tag.slice(1)
}

const decodeContent = (content: string): Uint8Array => {
  let welcome: Uint8Array
  try {
    welcome = decodeBase64(content)
  } catch {
    return refuseEnvelope("bad-content")
  }
  return welcome.length === 0 ? refuseEnvelope("bad-content") : welcome
}
