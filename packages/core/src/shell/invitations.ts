/**
 * Invitations: answered by joining or by forgetting (spec 9).
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type GroupError, InviteError, type ServiceError } from "../api/errors.ts"
import { encodeHex } from "../codec/mod.ts"
import { GroupRefusal, INVITES, type JoinableGroup, openWelcome } from "../group/mod.ts"
import { parsePublicKey } from "../identity/mod.ts"
import { MlsError, type OwnKeyPackage, wipeOwnKeyPackage } from "../mls/mod.ts"
import { MAX_PAGE } from "../services/mod.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"
import { inviteKeyPackage, readInvite, type StoredInvite } from "./invite_record.ts"
import { changingKeyPackages, markUsed, withOwnKeyPackages } from "./own_key_packages.ts"
import { progressVerbs } from "./relay_progress.ts"
import type { Runtime } from "./runtime.ts"
import { dropInvites, type InviteSupport, statusOf } from "./welcome_intake.ts"

/** Messages of the group may be dated so much before the Welcome, by clocks that differ. */
const CLOCK_MARGIN_SECONDS = 24 * 3600

/** An invitation by id; fails with `unknown-invite`. */
export const requireInvite = (
  runtime: Runtime,
  id: string,
): Effect.Effect<StoredInvite, InviteError | ServiceError> =>
  runtime.storage.get(INVITES.name, id).pipe(
    Effect.mapError(toServiceError),
    Effect.flatMap((row): Effect.Effect<StoredInvite, InviteError> =>
      row._tag === "None"
        ? Effect.fail(new InviteError({ reason: "unknown-invite" }))
        : Effect.succeed(readInvite(row.value))
    ),
  )

/** Ids of all invitations that wait, the newest first. */
export const waitingInvites = (
  runtime: Runtime,
): Effect.Effect<ReadonlyArray<string>, ServiceError> =>
  runtime.storage.page(INVITES.name, { index: "newest", order: "descending", limit: MAX_PAGE })
    .pipe(
      Effect.mapError(toServiceError),
      Effect.map(({ rows }) => rows.map(({ key }) => String(key))),
    )

const dropInvite = (id: string): Verb => ({
  verb: "delete",
  collection: INVITES.name,
  key: id,
})

/**
 * Joins: the whole check again, then the group, its routes and the end of the invitation in one batch.
 *
 * @returns GroupId
 */
export const acceptInvite: (
  support: InviteSupport,
  id: string,
) => Effect.Effect<string, InviteError | ServiceError> = Effect.fn("Mdk.accept")(
  function* (support, id) {
    const { runtime, store } = support
    const invite = yield* requireInvite(runtime, id)
    return yield* store.locked(invite.group)(joinLocked(support, invite)).pipe(
      Effect.catchTag(
        "GroupError",
        () => Effect.fail(new InviteError({ reason: "unknown-invite" })),
      ),
    )
  },
)

const joinLocked = Effect.fnUntraced(function* (
  support: InviteSupport,
  invite: StoredInvite,
): Effect.fn.Return<string, InviteError | GroupError | ServiceError> {
  const { runtime, store } = support
  const now = yield* Clock.currentTimeMillis
  const status = yield* statusOf(runtime, invite.group)
  if (status === "active") return yield* new InviteError({ reason: "already-member" })
  const before = status === undefined ? undefined : yield* store.load(invite.group)
  const own = inviteKeyPackage(runtime.crypto, invite)
  const joinable = yield* joinAgain(support, invite, own, now).pipe(
    Effect.ensuring(Effect.sync(() => wipeOwnKeyPackage(own))),
  )
  const sentAt = Math.min(invite.sentAt, Math.trunc(now / 1000))
  const since = Math.max(0, sentAt - CLOCK_MARGIN_SECONDS)
  const save = Effect.gen(function* () {
    const used = yield* usedVerbs(runtime, encodeHex(own.ref))
    yield* store.save(before, joinable.group, {
      verbs: [dropInvites(invite.group), ...used, ...progressVerbs(joinable.group, since)],
      events: [{
        tag: "group",
        key: `group:${invite.group}:${invite.id}`,
        group: invite.group,
        what: ["members", "admins", "profile", "relays", "status"],
      }],
      erase: true,
    })
  })
  yield* changingKeyPackages(runtime, save)
  return invite.group
})

const joinAgain = (
  { runtime, profile }: InviteSupport,
  invite: StoredInvite,
  own: OwnKeyPackage,
  now: number,
): Effect.Effect<JoinableGroup, InviteError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(openWelcome(profile, {
        crypto: runtime.crypto,
        self: runtime.self,
        position: runtime.positions.next(now),
        welcome: invite.welcome,
        keyPackages: [own],
        author: parsePublicKey(invite.from),
      }))
    } catch (error) {
      if (!(error instanceof MlsError || error instanceof GroupRefusal)) throw error
      return Effect.fail(
        new InviteError({ reason: "incompatible", cause: Redacted.make(error) }),
      )
    }
  })

const usedVerbs = (
  runtime: Runtime,
  ref: string,
): Effect.Effect<ReadonlyArray<Verb>, ServiceError> =>
  withOwnKeyPackages(
    runtime,
    (entries) => Effect.sync(() => entries.filter((entry) => entry.ref === ref).map(markUsed)),
  )

/** Forgets an invitation and the copy of its keys. */
export const declineInvite: (
  support: InviteSupport,
  id: string,
) => Effect.Effect<void, InviteError | ServiceError> = Effect.fn("Mdk.decline")(
  function* ({ runtime }, id) {
    yield* requireInvite(runtime, id)
    yield* runtime.write({ verbs: [dropInvite(id)], erase: true })
  },
)
