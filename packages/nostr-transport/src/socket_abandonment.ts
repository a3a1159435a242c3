/**
 * Gives a WebSocket up without depending on the other side.
 *
 * `close()` waits for the peer's answer. A peer that is gone never answers, and the waiting keeps
 * the process alive: half a minute on Bun, for ever on Node. After a short while the connection is
 * therefore cut below the WebSocket, where the runtime has a way: `terminate()` on Bun, the TCP
 * socket that `node:diagnostics_channel` shows on Node. Deno has none: there such a connection lives
 * until the kernel gives it up, or the process is ended.
 *
 * @module
 */

/** Milliseconds that an orderly close may take. */
const graceMillis = 500

/** What is used of a TCP socket. */
interface TcpSocket {
  readonly localPort?: number
  readonly destroy: () => void
  readonly once: (event: "close", listener: () => void) => void
}

/** What is used of `node:diagnostics_channel`. */
interface DiagnosticsChannels {
  readonly subscribe: (name: string, listener: (message: unknown) => void) => void
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const isTcpSocket = (value: unknown): value is TcpSocket =>
  isObject(value) && typeof value["destroy"] === "function" && typeof value["once"] === "function"

const isChannels = (value: unknown): value is DiagnosticsChannels =>
  isObject(value) && typeof value["subscribe"] === "function"

/** TCP sockets under WebSockets of Node. */
class NodeSockets {
  readonly #byPort: Map<number, TcpSocket> = new Map()
  readonly #byWebSocket: WeakMap<object, TcpSocket> = new WeakMap()
  #opened: TcpSocket | undefined

  constructor(channels: DiagnosticsChannels) {
    channels.subscribe("undici:client:connected", (message) => {
      const socket = isObject(message) ? message["socket"] : undefined
      if (!isTcpSocket(socket) || socket.localPort === undefined) return
      const port = socket.localPort
      this.#byPort.set(port, socket)
      socket.once("close", () => this.#byPort.delete(port))
    })
    channels.subscribe("undici:websocket:open", (message) => {
      if (!isObject(message) || !isObject(message["address"])) return
      const { port } = message["address"]
      const socket = typeof port === "number" ? this.#byPort.get(port) : undefined
      if (socket === undefined) return
      const webSocket = message["websocket"]
      if (isObject(webSocket)) this.#byWebSocket.set(webSocket, socket)
      // Node 22 does not say whose it is, but tells it right before the `open` event.
      else this.#opened = socket
    })
  }

  /** To be called first thing in the `open` event. */
  opened(webSocket: WebSocket): void {
    if (this.#opened !== undefined) this.#byWebSocket.set(webSocket, this.#opened)
    this.#opened = undefined
  }

  destroy(webSocket: WebSocket): void {
    this.#byWebSocket.get(webSocket)?.destroy()
  }
}

let nodeSockets: NodeSockets | undefined

/** Prepares for {@link abandonSocket}; to be called before the first WebSocket is made. */
export function watchSockets(): void {
  if (nodeSockets !== undefined || !isNode()) return
  const channels: unknown = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel")
  if (isChannels(channels)) nodeSockets = new NodeSockets(channels)
}

/** To be called first thing in the `open` event of a WebSocket. */
export function socketOpened(socket: WebSocket): void {
  nodeSockets?.opened(socket)
}

/** Closes in order, and cuts when that takes too long. Does not wait and does not throw. */
export function abandonSocket(socket: WebSocket): void {
  socket.onopen = null
  socket.onmessage = null
  socket.onclose = null
  // An error without a listener can end the process.
  socket.onerror = () => undefined
  try {
    socket.close(1000)
  } catch {
    // A socket that cannot even be closed is over.
  }
  const canTerminate = "terminate" in socket
  if (!canTerminate && nodeSockets === undefined) return
  const timer: unknown = setTimeout(() => cut(socket), graceMillis)
  // What may keep the process alive is the socket; the timer alone must not.
  if (isObject(timer) && typeof timer["unref"] === "function") timer["unref"]()
}

function cut(socket: WebSocket): void {
  if (socket.readyState === socket.CLOSED) return
  if ("terminate" in socket && typeof socket.terminate === "function") socket.terminate()
  else nodeSockets?.destroy(socket)
}

const isNode = (): boolean => !("Deno" in globalThis) && !("Bun" in globalThis)
