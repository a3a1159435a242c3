/**
 * A whole conversation with canaries in every sensitive place, and everything that can go wrong on
 * the way, in front of a witness.
 *
 * @module
 */
import {
  GroupId,
  InviteId,
  Mdk,
  type MdkService,
  type OpenError,
  PublicKey,
  type ServiceError,
} from "@mdk/core"
import { LocalSigner, parseSecretKey, publicKeyOf } from "@mdk/core/identity"
import { encodeHex } from "@mdk/core/codec"
import type { Storage } from "@mdk/core/services"
import { NostrTransport } from "@mdk/nostr-transport"
import type { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Context from "effect/Context"
import { hexNeedle, type Needle, textNeedle } from "../../packages/cli/src/demo/needles.ts"
import { type Witness, witnessed } from "./witness.ts"

/** What must never be said. */
export interface Canaries {
  /** Secret keys, as entered. */
  readonly secretKeys: readonly [string, string]
  /** The group's name. */
  readonly groupName: string
  /** A message. */
  readonly text: string
  /** A message that is never delivered. */
  readonly lost: string
  /** An emoji sequence long enough to be a needle. */
  readonly emoji: string
}

/** Two storages, one for each account. */
export type Stores<E> = readonly [Layer.Layer<Storage, E>, Layer.Layer<Storage, E>]

/** Fresh canaries. */
export function makeCanaries(): Canaries {
  const random = (bytes: number) => encodeHex(crypto.getRandomValues(new Uint8Array(bytes)))
  const key = () => {
    const secret = parseSecretKey(random(32))
    const hex = encodeHex(secret.bytes)
    secret.wipe()
    return hex
  }
  return {
    secretKeys: [key(), key()],
    groupName: `canary group ${random(8)}`,
    text: `canary text ${random(8)}`,
    lost: `canary lost ${random(8)}`,
    emoji: `canary${random(8)}`,
  }
}

/** The canaries and the public keys as needles. */
export function needlesOf(canaries: Canaries): ReadonlyArray<Needle> {
  return [
    ...canaries.secretKeys.flatMap((key, at) => {
      const secret = parseSecretKey(key)
      const account = publicKeyOf(secret)
      secret.wipe()
      return [
        hexNeedle(`secret key ${at}`, key),
        hexNeedle(`public key ${at}`, account),
        textNeedle(`npub ${at}`, PublicKey.npub(PublicKey.parse(account))),
      ]
    }),
    textNeedle("group name", canaries.groupName),
    textNeedle("text", canaries.text),
    textNeedle("lost text", canaries.lost),
    textNeedle("emoji", canaries.emoji),
  ]
}

/** An account over the relay. */
const account = <E>(secretKey: string, storage: Layer.Layer<Storage, E>, relay: EmbeddedRelay) =>
  Mdk.layer().pipe(
    Layer.provide(storage),
    Layer.provide(LocalSigner.fromSecretKey(secretKey)),
    Layer.provide(NostrTransport.layer({
      relays: [relay.url],
      allowPrivate: true,
      acknowledgementMillis: 1000,
      publishMillis: 2000,
    })),
  )

/** Waits for something, for a bounded time. */
const until = <A, E>(ask: Effect.Effect<A | undefined, E>): Effect.Effect<A, E | Error> =>
  Effect.gen(function* () {
    for (;;) {
      const found = yield* ask
      if (found !== undefined) return found
      yield* Effect.sleep("50 millis")
    }
  }).pipe(Effect.timeoutOrElse({
    duration: "30 seconds",
    orElse: () => Effect.fail(new Error("it did not come")),
  }))

/** What the scenario found out on the way: further needles. */
export interface Aftermath {
  /** Ids of groups, messages, routes and events. */
  readonly needles: ReadonlyArray<Needle>
  /** How many calls failed; a scenario in which nothing fails shows little. */
  readonly failures: number
}

/** Plays it. The witness sees every failure. */
export const play = <E>(
  witness: Witness,
  canaries: Canaries,
  stores: Stores<E>,
  relay: EmbeddedRelay,
): Effect.Effect<Aftermath, E | OpenError | ServiceError | Error> =>
  Effect.scoped(Effect.gen(function* () {
    let failures = 0
    const fails = <A, F>(effect: Effect.Effect<A, F>) =>
      Effect.map(witnessed(witness, effect), (exit) => {
        if (exit._tag === "Failure") failures += 1
      })
    const open = (secretKey: string, storage: Layer.Layer<Storage, E>) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        const context = yield* Layer.buildWithScope(account(secretKey, storage, relay), scope)
        const mdk: MdkService = Context.get(context, Mdk)
        return { mdk, scope }
      })
    const [annKey, benKey] = canaries.secretKeys
    const { mdk: ann, scope: annsScope } = yield* open(annKey, stores[0])
    const { mdk: ben } = yield* open(benKey, stores[1])
    yield* ann.sync()
    yield* ben.sync()

    // A conversation, in which everything works.
    const { group, change } = yield* ann.groups.create({
      name: canaries.groupName,
      invite: [ben.account.publicKey],
    })
    yield* change.published
    const invite = yield* until(Effect.map(ben.invites.page(), ({ items: [first] }) => first))
    const joined = yield* ben.invites.accept(invite.id)
    const sent = yield* ann.messages.send(group.id, canaries.text)
    yield* sent.published
    const heard = yield* until(
      Effect.map(
        ben.messages.page(joined.id),
        ({ items }) => items.find((one) => one.fallback === canaries.text),
      ),
    )
    yield* (yield* ben.messages.react(heard.id, canaries.emoji)).published
    yield* (yield* ann.messages.edit(sent.messageId, `${canaries.text} again`)).published

    const where = { text: canaries.text }
    const { items: [again] } = yield* ben.messages.page("all", { where, limit: 1 })
    if (again?.id !== heard.id) return yield* Effect.fail(new Error("a search did not find it"))

    // Arguments that are wrong.
    yield* fails(ben.messages.page(joined.id, { where: { text: canaries.text.repeat(20) } }))
    yield* fails(ben.messages.page(joined.id, { where: { text: "?" } }))
    const { newer: elsewhere } = yield* ben.messages.page(joined.id, {
      before: (yield* ben.messages.page(joined.id, { limit: 1 })).older!,
    })
    yield* fails(ben.messages.page(joined.id, { where, before: elsewhere! }))
    const nobody = PublicKey.parse(publicKeyOf(parseSecretKey("5".repeat(64))))
    yield* fails(ben.messages.edit(heard.id, canaries.text))
    yield* fails(ben.messages.remove(sent.messageId))
    yield* fails(ben.groups.invite(joined.id, [nobody]))
    yield* fails(ann.groups.invite(group.id, [nobody]))
    yield* fails(ann.groups.invite(group.id, [ben.account.publicKey]))
    yield* fails(ann.groups.get(GroupId.parse("ab".repeat(32))))
    yield* fails(ann.invites.accept(InviteId.parse("cd".repeat(32))))
    yield* fails(ann.messages.send(group.id, canaries.text.repeat(5000)))
    yield* fails(ann.messages.send(group.id, { kind: 7, content: canaries.text }))
    yield* fails(ann.groups.create({ name: canaries.groupName.repeat(50) }))
    yield* fails(Effect.try({
      try: () => PublicKey.parse(`nsec1${canaries.text}`),
      catch: (error) => error,
    }))
    yield* fails(Effect.try({
      try: () => parseSecretKey(canaries.text),
      catch: (error) => error,
    }))

    // A handler that fails with what it was given.
    yield* witnessed(
      witness,
      ann.events.consume(
        "failing",
        (event) => Effect.logError("a handler failed").pipe(Effect.andThen(Effect.fail(event.key))),
        { from: "first", attempts: 1 },
      ).pipe(Effect.timeout("1 second")),
    )

    // Relays that misbehave.
    relay.setFaults({ refuseEvents: `blocked: ${canaries.text}` })
    yield* fails((yield* ann.messages.send(group.id, canaries.lost)).published)
    relay.setFaults({ neverAnswer: true })
    yield* fails(
      (yield* ann.messages.send(group.id, canaries.lost)).published.pipe(
        Effect.timeout("2 seconds"),
      ),
    )
    relay.setFaults({})

    // Events that are forged or broken, under the tags of the real ones.
    for (const event of relay.events) {
      if (![445, 1059, 30443].includes(event.kind)) continue
      relay.seed({ ...event, id: event.id.replace(/^./, (c) => c === "0" ? "1" : "0") })
      relay.seed({ ...event, content: `${event.content.slice(0, -8)}AAAAAAA=` })
    }
    for (const client of relay.clients) client.sendText(`["NOTICE","${canaries.text}"]`)
    yield* ann.sync({ timeout: "2 seconds" })
    yield* ben.sync({ timeout: "2 seconds" })
    for (const mdk of [ann, ben]) witness.see(mdk)

    // The end, and calls after it.
    yield* Scope.close(annsScope, Exit.void)
    yield* fails(ann.groups.page())
    yield* fails(ann.messages.send(group.id, canaries.lost))

    const routes = relay.events.flatMap(({ tags }) =>
      tags.flatMap(([name, value]) => name === "h" && value !== undefined ? [value] : [])
    )
    return {
      failures,
      needles: [
        hexNeedle("group id", group.id),
        hexNeedle("group id", joined.id),
        hexNeedle("message id", sent.messageId),
        hexNeedle("invite id", invite.id),
        ...[...new Set(routes)].map((route) => hexNeedle("route", route)),
        ...relay.events.map((event) => hexNeedle(`event of kind ${event.kind}`, event.id)),
      ],
    }
  }))
