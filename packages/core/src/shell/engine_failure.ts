/**
 * Refusals of the pure rooms as errors of the public API.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { GroupError, InviteError } from "../api/errors.ts"
import { DecodeError } from "../codec/mod.ts"
import { ComponentError } from "../components/mod.ts"
import { GroupRefusal } from "../group/mod.ts"
import { MlsError } from "../mls/mod.ts"
import { EnvelopeError } from "../nostr/mod.ts"

/** Runs a pure function that may refuse. What is no refusal is a bug and dies. */
export const attemptGroup = <A>(body: () => A): Effect.Effect<A, GroupError | InviteError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(body())
    } catch (error) {
      const known = toGroupError(error)
      return known === undefined ? Effect.die(error) : Effect.fail(known)
    }
  })

const toGroupError = (error: unknown): GroupError | InviteError | undefined => {
  const cause = Redacted.make(error)
  if (error instanceof GroupRefusal) return ofRefusal(error, cause)
  if (error instanceof EnvelopeError) {
    const reason = error.reason === "too-large" ? "too-large" : "invalid-argument"
    return new GroupError({ reason, cause })
  }
  if (error instanceof ComponentError || error instanceof DecodeError) {
    return new GroupError({ reason: "invalid-argument", cause })
  }
  if (error instanceof MlsError) return new InviteError({ reason: "incompatible", cause })
  return undefined
}

const ofRefusal = (
  { reason }: GroupRefusal,
  cause: Redacted.Redacted<unknown>,
): GroupError | InviteError => {
  switch (reason) {
    case "not-admin":
      return new GroupError({ reason, cause })
    case "not-active":
      return new GroupError({ reason: "not-a-member", cause })
    case "already-member":
      return new InviteError({ reason, cause })
    case "too-large":
      return new GroupError({ reason, cause })
    case "bad-proof":
    case "unsupporting-leaf":
      return new InviteError({ reason: "incompatible", cause })
    default:
      return new GroupError({ reason: "invalid-argument", cause })
  }
}
