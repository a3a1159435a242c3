/**
 * Whether a relay that a person named lies on this machine or in a private network. Relays that come
 * from other people may not; those that the person chose may.
 *
 * @module
 */

const PRIVATE =
  /^(localhost|.*\.localhost|.*\.local|127\.\d+\.\d+\.\d+|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(1[6-9]|2\d|3[01])\.\d+\.\d+|169\.254\.\d+\.\d+|\[(::1|f[cd][0-9a-f]*:.*|fe[89ab][0-9a-f]*:.*)\])$/i

/** True when one of the relays is on this machine or in a private network. */
export function anyPrivate(relays: ReadonlyArray<string>): boolean {
  return relays.some((relay) => URL.canParse(relay) && PRIVATE.test(new URL(relay).hostname))
}
