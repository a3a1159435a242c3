/**
 * A WebSocket server on `node:net`, on loopback only, the same on Deno, Bun and Node.
 *
 * It speaks plain HTTP on the same port to whoever does not ask for a WebSocket, and it can refuse,
 * ignore or stall a connection before the handshake.
 *
 * @module
 */
import { createServer, type Server, type Socket } from "node:net"
import {
  acceptWebSocket,
  asksForWebSocket,
  type HttpRequest,
  type HttpResponse,
  maxHeadBytes,
  readHttpHead,
  writeHttpResponse,
} from "./http_head.ts"
import {
  WebSocketClient,
  type WebSocketClientHandlers,
  type WebSocketClientLimits,
} from "./websocket_client.ts"

/**
 * What happens to a new connection.
 *
 * - `accept`: the normal course
 * - `black-hole`: accepted by the kernel, never answered
 * - `reset`: RST at once
 * - `drip`: the handshake is answered one byte every 100 ms and never completes
 * - a number: the upgrade is answered with that HTTP status (301 points to the same port)
 */
export type Admission = "accept" | "black-hole" | "reset" | "drip" | number

/** What the owner of a server decides and is told. */
export interface WebSocketServerHandlers extends WebSocketClientHandlers {
  /** Decides about every new TCP connection. */
  readonly onSocket: () => Admission
  /** A client is connected. */
  readonly onOpen: (client: WebSocketClient) => void
  /** Answers a request that does not ask for a WebSocket. */
  readonly onHttp: (request: HttpRequest) => HttpResponse
}

/** Bounds of a server. */
export interface WebSocketServerLimits extends WebSocketClientLimits {
  /** Most connections at once; further ones are reset. */
  readonly maxConnections: number
  /** Milliseconds until the handshake must be complete. */
  readonly handshakeMillis: number
}

/** Listens on 127.0.0.1. May be stopped and started again. */
export class WebSocketServer {
  readonly #handlers: WebSocketServerHandlers
  readonly #limits: WebSocketServerLimits
  readonly #sockets: Set<Socket> = new Set()
  readonly #clients: Set<WebSocketClient> = new Set()
  readonly #timers: Set<ReturnType<typeof setTimeout>> = new Set()
  #server: Server | undefined
  #serial = 0

  /** Nothing is opened before {@link WebSocketServer.listen}. */
  constructor(handlers: WebSocketServerHandlers, limits: WebSocketServerLimits) {
    this.#handlers = handlers
    this.#limits = limits
  }

  /** Connected clients, in order of acceptance. */
  get clients(): ReadonlyArray<WebSocketClient> {
    return [...this.#clients]
  }

  /**
   * Starts to listen.
   *
   * @param port 0 lets the system choose
   * @returns the port; rejects with the system's error, for instance `EADDRINUSE`
   */
  listen(port: number): Promise<number> {
    const server = createServer((socket) => this.#accept(socket))
    return new Promise((resolve, reject) => {
      server.once("error", reject)
      server.listen(port, "127.0.0.1", () => {
        server.removeListener("error", reject)
        server.on("error", () => undefined)
        this.#server = server
        const address = server.address()
        resolve(typeof address === "object" && address !== null ? address.port : port)
      })
    })
  }

  /** Ends every connection (with RST if asked for) and stops to listen. Repeating it is harmless. */
  async stop(reset = false): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    if (reset) { for (const client of this.#clients) client.reset() }
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
    this.#clients.clear()
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise<void>((done) => server.close(() => done()))
  }

  #accept(socket: Socket): void {
    socket.setNoDelay(true)
    socket.on("error", () => undefined)
    this.#sockets.add(socket)
    socket.on("close", () => this.#sockets.delete(socket))
    const admission = this.#handlers.onSocket()
    if (admission === "reset" || this.#sockets.size > this.#limits.maxConnections) {
      if (typeof socket.resetAndDestroy === "function") socket.resetAndDestroy()
      else socket.destroy()
      return
    }
    if (admission === "black-hole") return
    const deadline = this.#after(this.#limits.handshakeMillis, () => socket.destroy())
    let head = new Uint8Array(0)
    const onData = (chunk: Uint8Array): void => {
      const joined = new Uint8Array(head.length + chunk.length)
      joined.set(head)
      joined.set(chunk, head.length)
      head = joined
      const text = new TextDecoder("latin1").decode(head.subarray(0, maxHeadBytes))
      const end = text.indexOf("\r\n\r\n")
      if (end < 0) {
        if (head.length >= maxHeadBytes) socket.destroy()
        return
      }
      socket.removeListener("data", onData)
      this.#cancel(deadline)
      this.#handshake(socket, admission, text.slice(0, end), head.slice(end + 4))
    }
    socket.on("data", onData)
  }

  #handshake(socket: Socket, admission: Admission, head: string, rest: Uint8Array): void {
    const request = readHttpHead(head)
    if (request === undefined) return void socket.end(writeHttpResponse({ status: 400 }))
    if (typeof admission === "number") {
      const headers = { Location: "/" }
      return void socket.end(
        writeHttpResponse({ status: admission, ...(admission === 301 ? { headers } : {}) }),
      )
    }
    if (!asksForWebSocket(request)) {
      return void socket.end(writeHttpResponse(this.#handlers.onHttp(request)))
    }
    const answer = acceptWebSocket(request)
    if (answer === undefined) return void socket.end(writeHttpResponse({ status: 400 }))
    if (admission === "drip") return this.#drip(socket, answer, 0)
    const client = new WebSocketClient(++this.#serial, socket, {
      onText: this.#handlers.onText,
      onClose: (closed) => {
        this.#clients.delete(closed)
        this.#handlers.onClose(closed)
      },
    }, this.#limits)
    socket.write(answer)
    this.#clients.add(client)
    this.#handlers.onOpen(client)
    socket.on("data", (chunk: Uint8Array) => client.receive(chunk))
    if (rest.length > 0) client.receive(rest)
  }

  #drip(socket: Socket, answer: Uint8Array, at: number): void {
    if (socket.destroyed) return
    // The last byte never comes.
    if (at < answer.length - 1) socket.write(answer.slice(at, at + 1))
    this.#after(100, () => this.#drip(socket, answer, at + 1))
  }

  #after(millis: number, run: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, millis)
    this.#timers.add(timer)
    return timer
  }

  #cancel(timer: ReturnType<typeof setTimeout>): void {
    clearTimeout(timer)
    this.#timers.delete(timer)
  }
}
