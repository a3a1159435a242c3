/**
 * Events as consumers see them: made from their records when they are handed out.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ServiceError } from "../api/errors.ts"
import type { Event } from "../api/event.ts"
import type { EventKey, GroupId, IntentId, InviteId, PublicKey } from "../api/ids.ts"
import type { Invite } from "../api/values.ts"
import { INVITES } from "../group/mod.ts"
import type { StorageService } from "../services/storage.ts"
import { type EventRecord, loadState } from "./event_record.ts"
import { toServiceError } from "./failure.ts"
import { readInvite, type StoredInvite } from "./invite_record.ts"
import { findRow, resolveRows } from "./timeline_reader.ts"

/** An invitation as people see it. */
export const inviteOf = (stored: StoredInvite): Invite => ({
  id: stored.id as InviteId,
  from: stored.from as PublicKey,
  known: stored.known,
  group: {
    id: stored.group as GroupId,
    name: stored.summary.name,
    members: stored.summary.members as ReadonlyArray<string> as ReadonlyArray<PublicKey>,
    admins: stored.summary.admins as ReadonlyArray<string> as ReadonlyArray<PublicKey>,
  },
  receivedAt: new Date(stored.receivedAt),
})

/** None when what the event tells of is gone: an answered invitation, a message that disappeared. */
export const materialize = (
  storage: StorageService,
  record: EventRecord,
): Effect.Effect<Option.Option<Event>, ServiceError> => {
  const base = {
    key: record.key as EventKey,
    ...(record.group === undefined ? {} : { group: record.group as GroupId }),
  }
  switch (record.tag) {
    case "received":
    case "changed":
      return Effect.gen(function* () {
        const row = yield* findRow(storage, record.group ?? "", record.message)
        if (row === undefined) return Option.none()
        const [message] = yield* resolveRows(storage, [row])
        if (message === undefined) return Option.none()
        const _tag = record.tag === "received" ? "MessageReceived" : "MessageChanged"
        return Option.some<Event>({ ...base, _tag, message })
      })
    case "invited":
      return storage.get(INVITES.name, record.invite).pipe(
        Effect.mapError(toServiceError),
        Effect.map(Option.map((row): Event => ({
          ...base,
          _tag: "Invited",
          invite: inviteOf(readInvite(row)),
        }))),
      )
    case "group":
      return Effect.succeed(Option.some({ ...base, _tag: "GroupChanged", what: record.what }))
    case "send":
      return Effect.succeed(Option.some({
        ...base,
        _tag: "SendChanged",
        id: record.intent as IntentId,
        state: loadState(record.state),
      }))
  }
}
