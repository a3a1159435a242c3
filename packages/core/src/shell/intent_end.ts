/**
 * The end of what was still to be sent by a device that gave its keys up.
 *
 * @module
 */
import type { ChangeState } from "../api/sending.ts"
import { loadState, type StoredChangeState, storeState } from "./event_record.ts"
import { type Intent, isOpen } from "./intent_record.ts"

const GIVEN_UP: ChangeState = { _tag: "Failed", reason: "unrecoverable" }

/**
 * The intent as it stands when nothing of it is sent any more: what no relay acknowledged has failed,
 * whatever was acknowledged stays so, and nothing is held.
 */
export const endUnsent = (intent: Intent): Intent => {
  const { body, welcomes } = intent
  const after: Intent = {
    ...intent,
    state: endState(intent),
    body: body.kind === "message"
      ? { kind: "message", message: body.message }
      : { kind: body.kind },
  }
  return welcomes === undefined ? after : { ...after, welcomes: endWelcomes(welcomes) }
}

/** A founding is what its invitations are: published when one of them is. */
const endState = ({ state, body, welcomes, tally }: Intent): ChangeState => {
  if (!isOpen(state)) return state
  const isOut = body.kind === "founding" &&
    Object.values(welcomes ?? {}).some(({ _tag }) => _tag === "Published")
  return isOut && tally !== undefined ? { _tag: "Published", relays: tally } : GIVEN_UP
}

const endWelcomes = (
  welcomes: Readonly<Record<string, StoredChangeState>>,
): Readonly<Record<string, StoredChangeState>> =>
  Object.fromEntries(
    Object.entries(welcomes).map(([to, state]) =>
      [to, isOpen(loadState(state)) ? storeState(GIVEN_UP) : state] as const
    ),
  )
