/**
 * Invitations: taken in from gift wraps, shown with who invites, accepted or declined (spec 9).
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type GroupError, InviteError, type ServiceError } from "../api/errors.ts"
import { encodeHex } from "../codec/mod.ts"
import {
  type GroupProfile,
  GroupRefusal,
  GROUPS,
  type GroupState,
  INVITES,
  type JoinableGroup,
  openWelcome,
  readGroupRecord,
  WRAPS,
} from "../group/mod.ts"
import { parsePublicKey } from "../identity/mod.ts"
import { MlsError, type OwnKeyPackage, retire, wipeOwnKeyPackage } from "../mls/mod.ts"
import { EnvelopeError, NostrKind, readWelcome, unwrapGift, type Unwrapped } from "../nostr/mod.ts"
import { MAX_PAGE, SignerError } from "../services/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"
import type { GroupStore } from "./group_store.ts"
import { inviteKeyPackage, putInvite, readInvite, type StoredInvite } from "./invite_record.ts"
import { markUsed, withOwnKeyPackages } from "./own_key_packages.ts"
import { progressVerbs } from "./relay_progress.ts"
import type { Runtime } from "./runtime.ts"

/** What invitations work with. */
export interface InviteSupport {
  /** The account. */
  readonly runtime: Runtime
  /** Group copies. */
  readonly store: GroupStore
  /** The generation of the protocol. */
  readonly profile: GroupProfile
}

/** Messages of the group may be dated so much before the Welcome, by clocks that differ. */
const CLOCK_MARGIN_SECONDS = 24 * 3600

/**
 * Takes a gift wrap in; nothing but an invitation row comes of it, and only when every check passes.
 *
 * @returns the InviteId of a new invitation
 */
export const takeWrap: (
  support: InviteSupport,
  event: NostrEvent,
) => Effect.Effect<Option.Option<string>, ServiceError> = Effect.fn("Mdk.takeWrap")(
  function* (support, event) {
    const { runtime } = support
    const seen = yield* Effect.mapError(runtime.storage.get(WRAPS.name, event.id), toServiceError)
    if (Option.isSome(seen)) return Option.none()
    const now = yield* Clock.currentTimeMillis
    const handled: Verb = {
      verb: "put",
      collection: WRAPS.name,
      key: event.id,
      columns: { at: now },
      value: new Uint8Array(0),
    }
    const unwrapped = yield* unwrap(runtime, event)
    // A signer that says no is asked again at the next start; the other wraps go on.
    if (unwrapped === "refused") return Option.none()
    // Other gift wraps (direct messages) are remembered too, so that the signer is asked once.
    const opened = unwrapped === undefined || unwrapped.rumor.kind !== NostrKind.welcome
      ? undefined
      : yield* openInvite(support, unwrapped, event.id, now)
    if (opened === undefined) {
      yield* runtime.write({ verbs: [handled] })
      return Option.none()
    }
    yield* runtime.write({
      verbs: [handled, dropInvites(opened.group), opened.verb],
      events: [{ tag: "invited", key: `invite:${opened.id}`, invite: opened.id }],
    })
    return Option.some(opened.id)
  },
)

/** `undefined` for what is no gift wrap of ours or does not open. */
const unwrap = (
  { signer }: Runtime,
  event: NostrEvent,
): Effect.Effect<Unwrapped | "refused" | undefined, ServiceError> =>
  unwrapGift(signer, event).pipe(
    Effect.map((value): Unwrapped | undefined => value),
    Effect.catch((error): Effect.Effect<"refused" | undefined, ServiceError> => {
      if (!(error instanceof SignerError)) return Effect.succeed(undefined)
      const failure = toServiceError(error)
      return failure.reason === "signer-refused" ? Effect.succeed("refused") : Effect.fail(failure)
    }),
  )

const openInvite = Effect.fnUntraced(function* (
  support: InviteSupport,
  { rumor, author }: Unwrapped,
  id: string,
  now: number,
) {
  const { runtime, profile } = support
  const welcome = readRumor(rumor)
  if (welcome === undefined) return undefined
  return yield* withOwnKeyPackages(runtime, (entries) =>
    Effect.gen(function* () {
      const joinable = yield* tryOpen(() =>
        openWelcome(profile, {
          crypto: runtime.crypto,
          self: runtime.self,
          position: 0,
          welcome,
          keyPackages: entries.map(({ own }) => own),
          author,
        })
      )
      if (joinable === undefined) return undefined
      const { group, keyPackage, inviter } = joinable
      discard(group)
      // A live copy is never touched by a Welcome.
      if ((yield* statusOf(runtime, group.id)) === "active") return undefined
      const invite: Omit<StoredInvite, "keyPackage"> = {
        id,
        position: runtime.positions.next(now),
        group: group.id,
        from: inviter,
        known: yield* sharesGroupWith(runtime, inviter),
        summary: group.summary,
        sentAt: rumor.created_at,
        receivedAt: now,
        welcome,
      }
      return { id, group: group.id, verb: putInvite(invite, keyPackage) }
    }))
})

const readRumor = (rumor: Unwrapped["rumor"]): Uint8Array | undefined => {
  try {
    return readWelcome(rumor).welcome
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined
    throw error
  }
}

const tryOpen = (body: () => JoinableGroup): Effect.Effect<JoinableGroup | undefined> =>
  Effect.sync(() => {
    try {
      return body()
    } catch (error) {
      if (error instanceof MlsError || error instanceof GroupRefusal) return undefined
      throw error
    }
  })

const discard = (group: GroupState): void => {
  for (const { mls, outerKey } of group.states) {
    retire(mls)
    outerKey.wipe()
  }
}

const statusOf = (
  runtime: Runtime,
  group: string,
): Effect.Effect<string | undefined, ServiceError> =>
  runtime.storage.get(GROUPS.name, group).pipe(
    Effect.mapError(toServiceError),
    Effect.map((row) => row._tag === "None" ? undefined : String(row.value.columns["status"])),
  )

const sharesGroupWith = (runtime: Runtime, who: string): Effect.Effect<boolean, ServiceError> =>
  runtime.storage.page(GROUPS.name, { index: "newest", order: "descending", limit: MAX_PAGE }).pipe(
    Effect.mapError(toServiceError),
    Effect.map((page) =>
      page.rows.some((row) =>
        readGroupRecord(row.value).summary.members.some((member) => member === who)
      )
    ),
  )

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

const dropInvite = (id: string): Verb => ({
  verb: "delete",
  collection: INVITES.name,
  key: id,
})

/** Of several invitations to one group the newest counts; joining ends all of them. */
const dropInvites = (group: string): Verb => ({
  verb: "deleteRange",
  collection: INVITES.name,
  index: "group",
  equals: [group],
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
