/**
 * The relay's end of one WebSocket connection, with every way to break it that a test may want.
 *
 * @module
 */
import type { Socket } from "node:net"
import { encodeCloseStatus, encodeFrame, FrameDecoder, opcodes } from "./websocket_frame.ts"

/** What the owner of a connection is told. */
export interface WebSocketClientHandlers {
  /** A complete text message of so many UTF-8 bytes. */
  readonly onText: (client: WebSocketClient, text: string, bytes: number) => void
  /** The connection is over; called once. */
  readonly onClose: (client: WebSocketClient) => void
}

/** Bounds of one connection, in bytes. */
export interface WebSocketClientLimits {
  /** Largest message from the client; a larger one closes the connection with 1009. */
  readonly maxMessageBytes: number
  /** Most unsent bytes; a client that reads more slowly than this is cut off. */
  readonly maxUnsentBytes: number
}

/** One connected client. */
export class WebSocketClient {
  /** Number of the connection, from 1, in order of acceptance. */
  readonly id: number
  readonly #socket: Socket
  readonly #handlers: WebSocketClientHandlers
  readonly #limits: WebSocketClientLimits
  readonly #decoder: FrameDecoder
  #open = true
  #frozen = false

  /** Takes over a socket whose handshake is complete. */
  constructor(
    id: number,
    socket: Socket,
    handlers: WebSocketClientHandlers,
    limits: WebSocketClientLimits,
  ) {
    this.id = id
    this.#socket = socket
    this.#handlers = handlers
    this.#limits = limits
    this.#decoder = new FrameDecoder(limits.maxMessageBytes)
    socket.on("close", () => this.#ended())
  }

  /** False once the connection is over or was given up. */
  get open(): boolean {
    return this.#open
  }

  /** Takes bytes from the socket. */
  receive(chunk: Uint8Array): void {
    for (const message of this.#decoder.push(chunk)) {
      if (!this.#open || this.#frozen) return
      switch (message.type) {
        case "text":
          this.#handlers.onText(this, message.text, message.bytes)
          break
        case "binary":
          this.close(1003, "text only")
          break
        case "ping":
          this.#write(encodeFrame(opcodes.pong, message.payload))
          break
        case "pong":
          break
        case "close":
          this.#write(encodeFrame(opcodes.close, message.payload.subarray(0, 2)))
          this.end()
          break
        case "violation":
          this.close(message.code)
          break
      }
    }
  }

  /** Sends a text message. */
  sendText(text: string): void {
    this.#write(encodeFrame(opcodes.text, new TextEncoder().encode(text)))
  }

  /** Fault: sends a binary message, which no Nostr relay does. */
  sendBinary(bytes: Uint8Array): void {
    this.#write(encodeFrame(opcodes.binary, bytes))
  }

  /** Fault (legal, but rare): sends one text message in `count` fragments. */
  sendFragments(text: string, count: number): void {
    const bytes = new TextEncoder().encode(text)
    const size = Math.ceil(bytes.length / count)
    for (let i = 0; i < count; i++) {
      const opcode = i === 0 ? opcodes.text : opcodes.continuation
      this.#write(encodeFrame(opcode, bytes.subarray(i * size, (i + 1) * size), i === count - 1))
    }
  }

  /** Fault: writes bytes as they are, for instance an illegal frame. */
  sendRaw(bytes: Uint8Array): void {
    this.#write(bytes)
  }

  /** Closes as the protocol wants it: close frame, then FIN. */
  close(code = 1000, reason = ""): void {
    this.#write(encodeFrame(opcodes.close, encodeCloseStatus(code, reason)))
    this.end()
  }

  /** Fault: FIN without a close frame. Clients see close code 1006 (Deno: 0). */
  end(): void {
    if (!this.#open) return
    this.#socket.end()
    this.#ended()
  }

  /** Fault: RST. */
  reset(): void {
    const socket = this.#socket
    if (typeof socket.resetAndDestroy === "function") socket.resetAndDestroy()
    else socket.destroy()
    this.#ended()
  }

  /** Fault: half-open. The kernel goes on acknowledging; nothing is read, answered or sent. */
  freeze(): void {
    this.#frozen = true
    this.#socket.pause()
  }

  /** Ends {@link WebSocketClient.freeze}; what the client sent meanwhile is read now. */
  thaw(): void {
    this.#frozen = false
    this.#socket.resume()
  }

  #write(bytes: Uint8Array): void {
    if (!this.#open || this.#frozen || this.#socket.destroyed) return
    if (this.#socket.writableLength + bytes.length > this.#limits.maxUnsentBytes) {
      this.reset()
      return
    }
    this.#socket.write(bytes)
  }

  #ended(): void {
    if (!this.#open) return
    this.#open = false
    this.#handlers.onClose(this)
  }
}
