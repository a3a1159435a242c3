/**
 * Gift wraps: what is an invitation for this device is checked completely and kept with who invites;
 * everything else leaves no trace but its id (spec 9).
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ServiceError } from "../api/errors.ts"
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
import { MlsError, retire } from "../mls/mod.ts"
import { EnvelopeError, NostrKind, readWelcome, unwrapGift, type Unwrapped } from "../nostr/mod.ts"
import { MAX_PAGE, SignerError } from "../services/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import type { Verb } from "../services/storage_batch.ts"
import { toServiceError } from "./failure.ts"
import type { GroupStore } from "./group_store.ts"
import { putInvite, readClaim, type StoredInvite } from "./invite_record.ts"
import { withOwnKeyPackages } from "./own_key_packages.ts"
import type { Runtime } from "./runtime.ts"

/** Most invitations that wait for an answer. */
const MAX_PENDING = 256
/** About so many gift wraps are remembered as dealt with. */
const MAX_WRAPS = 20_000

/** What invitations work with. */
export interface InviteSupport {
  /** The account. */
  readonly runtime: Runtime
  /** Group copies. */
  readonly store: GroupStore
  /** The generation of the protocol. */
  readonly profile: GroupProfile
}

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
    if (runtime.entropy.bytes(1)[0] === 0) yield* forgetOldWraps(runtime)
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
    const place = yield* makePlace(runtime, opened.invite)
    if (place === undefined) {
      yield* runtime.write({ verbs: [handled] })
      return Option.none()
    }
    yield* runtime.write({
      verbs: [handled, ...place, opened.verb],
      erase: place.length > 0,
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
      return { id, invite, verb: putInvite(invite, keyPackage) }
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

/** Where the copy of a group stands; `undefined` when there is none. */
export const statusOf = (
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

/**
 * What goes to make place for an invitation: an earlier one of the same inviter to the same group; of
 * too many the oldest, those of strangers first. `undefined` when it is the new one that has to go.
 */
const makePlace = Effect.fnUntraced(function* (
  runtime: Runtime,
  invite: Pick<StoredInvite, "group" | "from" | "known">,
): Effect.fn.Return<ReadonlyArray<Verb> | undefined, ServiceError> {
  const claims = (query: { readonly index: string; readonly equals?: ReadonlyArray<string> }) =>
    runtime.storage.page(INVITES.name, { ...query, limit: MAX_PENDING }).pipe(
      Effect.mapError(toServiceError),
      Effect.map((page) => page.rows.map(readClaim)),
    )
  const drop = ({ id }: { readonly id: string }): Verb => ({
    verb: "delete",
    collection: INVITES.name,
    key: id,
  })
  const earlier = (yield* claims({ index: "group", equals: [invite.group] }))
    .filter(({ from }) => from === invite.from)
  if (earlier.length > 0) return earlier.map(drop)
  const pending = yield* Effect.mapError(
    runtime.storage.count(INVITES.name, { index: "newest" }, MAX_PENDING),
    toServiceError,
  )
  if (pending < MAX_PENDING) return []
  const oldest = yield* claims({ index: "newest" })
  const goes = oldest.find(({ known }) => !known) ?? (invite.known ? oldest[0] : undefined)
  return goes === undefined ? undefined : [drop(goes)]
})

/** Bounds the memory of gift wraps. Now and then is enough; when, no sender can foresee. */
const forgetOldWraps = Effect.fnUntraced(function* (runtime: Runtime) {
  const count = yield* Effect.mapError(
    runtime.storage.count(WRAPS.name, { index: "age" }, MAX_WRAPS + MAX_PAGE),
    toServiceError,
  )
  if (count <= MAX_WRAPS) return
  const oldest = yield* Effect.mapError(
    runtime.storage.page(WRAPS.name, { index: "age", limit: MAX_PAGE }),
    toServiceError,
  )
  yield* runtime.write({
    verbs: oldest.rows.slice(0, count - MAX_WRAPS)
      .map(({ key }): Verb => ({ verb: "delete", collection: WRAPS.name, key })),
  })
})

/** Joining ends all invitations to a group. */
export const dropInvites = (group: string): Verb => ({
  verb: "deleteRange",
  collection: INVITES.name,
  index: "group",
  equals: [group],
})
