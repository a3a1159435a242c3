/**
 * Welcomes on their way out: one gift wrap for each invitee around the same MLS bytes.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import { GroupError, type InviteError, type ServiceError } from "../api/errors.ts"
import { isRelayUrl } from "../components/mod.ts"
import { parsePublicKey } from "../identity/mod.ts"
import { EnvelopeError, giftWrap, requireWrappable, welcomeRumor } from "../nostr/mod.ts"
import type { NostrEvent, Rumor } from "../services/nostr_event.ts"
import { attemptGroup } from "./engine_failure.ts"
import { toServiceError } from "./failure.ts"
import type { HeldInvitee } from "./intent_record.ts"
import type { Runtime } from "./runtime.ts"

/** A gift wrap for one invitee. */
export interface WrappedWelcome {
  /** The invitee. */
  readonly to: string
  /** The kind 1059 event. */
  readonly event: NostrEvent
  /** Where it goes. */
  readonly relays: ReadonlyArray<string>
}

/**
 * Wraps a Welcome for everybody. Sizes are checked before the signer is asked for anything: fails with
 * `too-large` when relays would refuse the wrap.
 */
export const wrapWelcomes: (
  runtime: Runtime,
  welcome: Uint8Array,
  invitees: ReadonlyArray<HeldInvitee>,
  groupRelays: ReadonlyArray<string>,
  now: number,
) => Effect.Effect<
  ReadonlyArray<WrappedWelcome>,
  GroupError | InviteError | ServiceError
> = Effect.fn("Mdk.wrapWelcomes")(function* (runtime, welcome, invitees, groupRelays, now) {
  const seconds = Math.trunc(now / 1000)
  const rumors = yield* attemptGroup(() =>
    invitees.map((invitee): Rumor => {
      const rumor = welcomeRumor(runtime.self, seconds, {
        welcome,
        keyPackageEventId: invitee.event,
        relays: groupRelays.filter(isRelayUrl),
      })
      requireWrappable(rumor)
      return rumor
    })
  )
  const wrapped: Array<WrappedWelcome> = []
  for (const [index, invitee] of invitees.entries()) {
    const rumor = rumors[index]
    if (rumor === undefined) continue
    const event = yield* giftWrap({
      signer: runtime.signer,
      rumor,
      recipient: parsePublicKey(invitee.account),
      now: seconds,
    }, runtime.entropy).pipe(
      Effect.mapError((error) =>
        error instanceof EnvelopeError
          ? new GroupError({ reason: "too-large" })
          : toServiceError(error)
      ),
    )
    wrapped.push({ to: invitee.account, event, relays: invitee.inbox })
  }
  return wrapped
})
