/**
 * The transport contract on the transport without sockets.
 *
 * @module
 */
import { MemoryRelays, MemoryTransport, transportContract } from "@mdk/testing"

const addresses = ["wss://a.example", "wss://b.example"] as const

transportContract("memory", () => {
  const network = new MemoryRelays({ addresses })
  return Promise.resolve({
    relays: addresses,
    unreachable: "wss://nowhere.example",
    open: MemoryTransport.make({ network, relays: addresses }),
    control: (address) => {
      const relay = network.relay(address)
      if (relay === undefined) throw new Error("no such relay")
      return {
        cut: () => Promise.resolve(relay.setDown(true)),
        restore: () => Promise.resolve(relay.setDown(false)),
        refuse: (reason) => relay.setRefusal(reason),
        silence: (silent) => relay.setSilent(silent),
        plant: (event) => relay.plant(event),
        stored: () => relay.events.map((event) => event.id),
      }
    },
    close: () => Promise.resolve(),
  })
})
