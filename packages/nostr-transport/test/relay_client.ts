/**
 * A bare client for the tests of the embedded relay: the platform's WebSocket and nothing else.
 *
 * @module
 */
import type { EventTemplate, NostrEvent } from "@mdk/core/services"
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure"

/** A key pair of a test. */
export interface TestKey {
  readonly secret: Uint8Array
  readonly publicKey: string
}

/** A fresh key pair. */
export function testKey(): TestKey {
  const secret = generateSecretKey()
  return { secret, publicKey: getPublicKey(secret) }
}

let serial = 0

/** Unix seconds. */
export const now = (): number => Math.floor(Date.now() / 1000)

/** A signed event; every call gives another one. */
export function signed(key: TestKey, template: Partial<EventTemplate> = {}): NostrEvent {
  const event = finalizeEvent({
    kind: template.kind ?? 1,
    created_at: template.created_at ?? now(),
    tags: (template.tags ?? []).map((tag) => [...tag]),
    content: template.content ?? `text ${++serial}`,
  }, key.secret)
  return JSON.parse(JSON.stringify(event))
}

/** A message from the relay. */
export type Message = ReadonlyArray<unknown>

/** One connection. */
export class RelayClient {
  readonly messages: Array<Message> = []
  readonly #socket: WebSocket
  readonly #waiting: Set<() => void> = new Set()
  closed: number | undefined

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.onmessage = (message) => {
      this.messages.push(JSON.parse(String(message.data)))
      for (const wake of this.#waiting) wake()
    }
    const ended = (code: number): void => {
      this.closed ??= code
      for (const wake of this.#waiting) wake()
    }
    socket.onclose = (event) => ended(event.code)
    // Node 22 tells of a failed dial by an error alone, without a close event.
    socket.onerror = () => setTimeout(() => ended(1006), 50)
  }

  static async open(url: string): Promise<RelayClient> {
    const socket = new WebSocket(url)
    const client = new RelayClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve()
      client.#waiting.add(() => client.closed !== undefined && reject(new Error("no connection")))
    })
    return client
  }

  send(...message: ReadonlyArray<unknown>): void {
    this.#socket.send(JSON.stringify(message))
  }

  raw(data: string): void {
    this.#socket.send(data)
  }

  /** Waits for a condition over what arrived; fails after two seconds. */
  async until<A>(find: () => A | undefined): Promise<A> {
    const deadline = Date.now() + 4000
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (Date.now() > deadline) throw new Error("the relay did not send it")
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer)
          this.#waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, 100)
        this.#waiting.add(wake)
      })
    }
  }

  /** Publishes and gives the `OK` message's answer. */
  async publish(event: NostrEvent): Promise<{ readonly ok: boolean; readonly text: string }> {
    const before = this.messages.length
    this.send("EVENT", event)
    const answer = await this.until(() =>
      this.messages.slice(before).find((m) => m[0] === "OK" && m[1] === event.id)
    )
    return { ok: answer[2] === true, text: String(answer[3]) }
  }

  /** Asks and gives the stored events, or the reason of a `CLOSED`. */
  async ask(
    name: string,
    ...filters: ReadonlyArray<unknown>
  ): Promise<{ readonly events: ReadonlyArray<NostrEvent>; readonly closed?: string }> {
    const before = this.messages.length
    this.send("REQ", name, ...filters)
    const end = await this.until(() =>
      this.messages.slice(before).find((m) =>
        (m[0] === "EOSE" || m[0] === "CLOSED") && m[1] === name
      )
    )
    if (end[0] === "CLOSED") return { events: [], closed: String(end[2]) }
    return { events: this.eventsOf(name, before) }
  }

  /** Events that arrived for a subscription. */
  eventsOf(name: string, from = 0): ReadonlyArray<NostrEvent> {
    return this.messages.slice(from).filter((m) => m[0] === "EVENT" && m[1] === name)
      .map((m) => m[2] as NostrEvent)
  }

  /** Authenticates with the last challenge. */
  async authenticate(key: TestKey, url: string): Promise<boolean> {
    const challenge = await this.until(() => this.messages.findLast((m) => m[0] === "AUTH"))
    const event = signed(key, {
      kind: 22_242,
      content: "",
      tags: [["relay", url], ["challenge", String(challenge[1])]],
    })
    this.send("AUTH", event)
    const answer = await this.until(() =>
      this.messages.find((m) => m[0] === "OK" && m[1] === event.id)
    )
    return answer[2] === true
  }

  close(): void {
    this.#socket.close()
  }
}
