/**
 * Three people, one group, one conversation, without Effect: the Promise front of the library.
 *
 * @module
 */
import { connect, type Event, type Mdk, type MdkClient } from "@mdk/core"
import type { Layer } from "effect"

/** What each of the three is composed of; see `ping_bot.ts` for a composition. */
export interface People<E> {
  /** Founds the group. */
  readonly alice: Layer.Layer<Mdk, E>
  /** Is invited and answers. */
  readonly bob: Layer.Layer<Mdk, E>
  /** Is invited and reacts. */
  readonly carol: Layer.Layer<Mdk, E>
}

/** What Bob and Carol have read at the end. */
export interface Reading {
  /** The messages, the oldest first. */
  readonly texts: ReadonlyArray<string>
  /** The emoji under the first message. */
  readonly reactions: ReadonlyArray<string>
}

/** Founds a group, invites, accepts, sends, answers, reacts, and reads it all. */
export async function conversation<E>(
  people: People<E>,
): Promise<Record<"bob" | "carol", Reading>> {
  const clients: Array<MdkClient> = []
  const open = async (layer: Layer.Layer<Mdk, E>): Promise<MdkClient> => {
    const client = await connect(layer)
    clients.push(client)
    return client
  }
  try {
    const alice = await open(people.alice)
    const bob = await open(people.bob)
    const carol = await open(people.carol)
    for (const client of clients) await client.sync() // their KeyPackages are out

    const { group, change } = await alice.groups.create({
      name: "The burrow",
      invite: [bob.account.publicKey, carol.account.publicKey],
    })
    await change.published()

    for (const client of [bob, carol]) {
      const invited = await until(client, (event) => event._tag === "Invited")
      if (invited._tag === "Invited") await client.invites.accept(invited.invite.id)
    }

    const hello = await alice.messages.send(group.id, "hello")
    await hello.published()
    await until(carol, says("hello"))
    await carol.messages.react(hello.messageId, "🥕")
    await until(bob, says("hello"))
    const [joined] = (await bob.groups.page()).items
    if (joined !== undefined) {
      await bob.messages.send(joined.id, "hello yourself", { replyTo: hello.messageId })
    }
    await until(carol, says("hello yourself"))
    await until(bob, (event) => event._tag === "MessageChanged")

    return { bob: await read(bob), carol: await read(carol) }
  } finally {
    for (const client of clients) await client.close()
  }
}

/** Waits for an event; what came before the call is offered too, because the consumer is named. */
async function until(client: MdkClient, wanted: (event: Event) => boolean): Promise<Event> {
  const found = new AbortController()
  let result: Event | undefined
  await client.events.consume("conversation", (event) => {
    if (result === undefined && wanted(event)) {
      result = event
      found.abort()
    }
    return Promise.resolve()
  }, { from: "first", signal: found.signal })
  if (result === undefined) throw new Error("the account was closed")
  return result
}

const says = (text: string) => (event: Event): boolean =>
  event._tag === "MessageReceived" && event.message.content._tag === "Text" &&
  event.message.content.text === text

async function read(client: MdkClient): Promise<Reading> {
  const [group] = (await client.groups.page()).items
  if (group === undefined) throw new Error("no group")
  const messages = (await client.messages.page(group.id)).items.toReversed()
    .filter((message) => message.content._tag === "Text")
  return {
    texts: messages.map((message) => message.fallback),
    reactions: messages[0]?.reactions.map((reaction) => reaction.emoji) ?? [],
  }
}
