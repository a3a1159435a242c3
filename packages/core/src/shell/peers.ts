/**
 * Looking people up: where they are reached, and the KeyPackage to invite them with.
 *
 * @module
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { type InviteError, ServiceError } from "../api/errors.ts"
import type { PublicKey } from "../api/ids.ts"
import {
  chooseKeyPackage,
  KeyPackageError,
  type LeafRequirement,
  type PublishedKeyPackage,
  validateKeyPackageEvent,
} from "../key-package/mod.ts"
import { newerEvent, NostrKind, readInboxRelays, readRelayList } from "../nostr/mod.ts"
import type { NostrEvent } from "../services/nostr_event.ts"
import { accountRelays } from "./account_relays.ts"
import { toServiceError } from "./failure.ts"
import type { Runtime } from "./runtime.ts"

/** Most relays that one look-up asks. */
const MAX_RELAYS = 24
/** Most relays of one person that are asked for KeyPackages. */
const MAX_OWN_RELAYS = 4
/** Questions that are open at a time. */
const CONCURRENCY = 4
/** Most people that one question names. */
const MAX_AUTHORS = 100

/** Why a person cannot be invited now. */
export type Unreachable = Extract<
  InviteError["reason"],
  "no-key-package" | "incompatible" | "expired"
>

/** A person who can be invited. */
export interface Invitee {
  /** Who. */
  readonly account: PublicKey
  /** The KeyPackage. */
  readonly keyPackage: PublishedKeyPackage
  /** Where the Welcome goes. */
  readonly inbox: ReadonlyArray<string>
}

/** Looks people up; the answer has an entry for each of them. */
export const lookUp: (
  runtime: Runtime,
  who: ReadonlyArray<PublicKey>,
  requirement: LeafRequirement,
) => Effect.Effect<ReadonlyMap<PublicKey, Invitee | Unreachable>, ServiceError> = Effect.fn(
  "Mdk.lookUp",
)(function* (runtime, who, requirement) {
  const found = new Map<PublicKey, Invitee | Unreachable>()
  for (let i = 0; i < who.length; i += MAX_AUTHORS) {
    const some = who.slice(i, i + MAX_AUTHORS)
    for (const [key, entry] of yield* lookUpSome(runtime, some, requirement)) found.set(key, entry)
  }
  return found
})

const lookUpSome = Effect.fnUntraced(function* (
  runtime: Runtime,
  who: ReadonlyArray<PublicKey>,
  requirement: LeafRequirement,
) {
  if (runtime.offline) return yield* new ServiceError({ reason: "no-relay" })
  const { write } = yield* accountRelays(runtime)
  const ours = [...new Set([...runtime.transport.relays, ...write])].slice(0, MAX_RELAYS)
  const lists = yield* runtime.transport.fetch({
    relays: ours,
    filters: [{ authors: who, kinds: [NostrKind.relayList, NostrKind.inboxRelays] }],
  }).pipe(Effect.mapError(toServiceError))
  const theirs = newestOf(lists.events, NostrKind.relayList)
  const inboxes = newestOf(lists.events, NostrKind.inboxRelays)
  const answers = yield* Effect.forEach(
    questionsOf(who, ours, theirs),
    ({ relays, authors }) =>
      runtime.transport.fetch({
        relays: [...relays],
        filters: [{ authors: [...authors], kinds: [NostrKind.keyPackage] }],
      }).pipe(Effect.mapError(toServiceError)),
    { concurrency: CONCURRENCY },
  )
  const packages = new Map(
    answers.flatMap(({ events }) => events).map((event) => [event.id, event] as const),
  )
  if (packages.size === 0 && answers.every(({ complete }) => complete.length === 0)) {
    return yield* new ServiceError({ reason: "no-relay" })
  }
  const now = BigInt(Math.trunc((yield* Clock.currentTimeMillis) / 1000))
  return new Map(who.map((account): [PublicKey, Invitee | Unreachable] => {
    const events = [...packages.values()].filter((event) => event.pubkey === account)
    const choice = choose(runtime, events, now, requirement)
    if (typeof choice === "string") return [account, choice]
    const list = theirs.get(account)
    const inbox = inboxOf(inboxes.get(account), list)
    return [account, { account, keyPackage: choice, inbox: inbox.length === 0 ? ours : inbox }]
  }))
})

interface Question {
  readonly relays: ReadonlySet<string>
  readonly authors: ReadonlySet<PublicKey>
}

/**
 * Our relays are asked about everybody; a person's own relays about that person, so many people at a
 * time as fit: nobody's relays crowd out another's.
 */
const questionsOf = (
  who: ReadonlyArray<PublicKey>,
  ours: ReadonlyArray<string>,
  theirs: ReadonlyMap<string, NostrEvent>,
): ReadonlyArray<Question> => {
  const questions: Array<Question> = [{ relays: new Set(ours), authors: new Set(who) }]
  let relays = new Set<string>()
  let authors = new Set<PublicKey>()
  const ask = () => {
    if (authors.size > 0) questions.push({ relays, authors })
    relays = new Set()
    authors = new Set()
  }
  for (const account of who) {
    const list = theirs.get(account)
    const own = (list === undefined ? [] : readRelayList(list))
      .flatMap(({ url, write }) => write ? [url] : []).slice(0, MAX_OWN_RELAYS)
      .filter((url) => !ours.includes(url))
    if (own.length === 0) continue
    if (new Set([...relays, ...own]).size > MAX_RELAYS) ask()
    for (const url of own) relays.add(url)
    authors.add(account)
  }
  ask()
  return questions
}

const inboxOf = (
  inbox: NostrEvent | undefined,
  list: NostrEvent | undefined,
): ReadonlyArray<string> => {
  const reached = inbox === undefined ? [] : readInboxRelays(inbox)
  if (reached.length > 0 || list === undefined) return reached.slice(0, MAX_RELAYS)
  return readRelayList(list).flatMap(({ url, read }) => read ? [url] : []).slice(0, MAX_RELAYS)
}

const newestOf = (
  events: ReadonlyArray<NostrEvent>,
  kind: number,
): ReadonlyMap<string, NostrEvent> => {
  const newest = new Map<string, NostrEvent>()
  for (const event of events) {
    if (event.kind !== kind) continue
    const other = newest.get(event.pubkey)
    newest.set(event.pubkey, other === undefined ? event : newerEvent(event, other))
  }
  return newest
}

const choose = (
  runtime: Runtime,
  events: ReadonlyArray<NostrEvent>,
  now: bigint,
  requirement: LeafRequirement,
): PublishedKeyPackage | Unreachable => {
  const reasons = new Set<KeyPackageError["reason"]>()
  const valid = events.flatMap((event) => {
    try {
      return [validateKeyPackageEvent(event, { crypto: runtime.crypto, now })]
    } catch (error) {
      if (!(error instanceof KeyPackageError)) throw error
      reasons.add(error.reason)
      return []
    }
  })
  const choice = chooseKeyPackage(valid, requirement)
  if (choice === "incompatible") return "incompatible"
  if (choice !== "none") return choice
  if (reasons.has("bad-lifetime")) return "expired"
  return reasons.has("unsupported") ? "incompatible" : "no-key-package"
}
