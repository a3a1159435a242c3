/**
 * The transport contract on real WebSockets, against embedded relays.
 *
 * @module
 */
import { NostrTransport } from "@mdk/nostr-transport"
import { EmbeddedRelay } from "@mdk/nostr-transport/relay"
import { transportContract } from "@mdk/testing"

transportContract("nostr", async () => {
  const relays = [await new EmbeddedRelay().start(), await new EmbeddedRelay().start()]
  const vanished = await new EmbeddedRelay().start()
  await vanished.stop()
  const [a, b] = relays.map((relay) => relay.url)
  if (a === undefined || b === undefined) throw new Error("two relays")
  return {
    relays: [a, b],
    unreachable: vanished.url,
    open: NostrTransport.make({
      relays: [a, b],
      allowPrivate: true,
      backoffBaseMillis: 50,
      backoffCapMillis: 500,
      acknowledgementMillis: 800,
      publishMillis: 1500,
    }),
    control: (url) => {
      const relay = relays.find((one) => one.url === url)
      if (relay === undefined) throw new Error("no such relay")
      return {
        cut: () => relay.stop({ reset: true }),
        restore: async () => void await relay.start(),
        refuse: (reason) => relay.setFaults(reason === undefined ? {} : { refuseEvents: reason }),
        silence: (silent) => relay.setFaults({ neverAnswer: silent }),
        plant: (event) => relay.seed(event),
        stored: () => relay.events.map((event) => event.id),
      }
    },
    close: async () => {
      for (const relay of relays) await relay.stop()
    },
  }
})
