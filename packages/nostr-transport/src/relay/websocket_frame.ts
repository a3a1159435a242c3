/**
 * WebSocket framing, server side (RFC 6455, section 5): no extensions, bounded messages.
 *
 * A relay that injects faults needs its own framing: platform servers can neither send a broken
 * frame nor leave a connection half-open.
 *
 * @module
 */

/** Frame types (RFC 6455, section 5.2). */
export const opcodes = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

/**
 * One unmasked frame, as servers send it.
 *
 * @param final false for all fragments of a message but the last
 */
export function encodeFrame(opcode: number, payload: Uint8Array, final = true): Uint8Array {
  const size = payload.length
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10
  const frame = new Uint8Array(head + size)
  const view = new DataView(frame.buffer)
  frame[0] = (final ? 0x80 : 0) | opcode
  if (head === 2) frame[1] = size
  else if (head === 4) {
    frame[1] = 126
    view.setUint16(2, size)
  } else {
    frame[1] = 127
    view.setBigUint64(2, BigInt(size))
  }
  frame.set(payload, head)
  return frame
}

/** A close frame's payload: status code and UTF-8 reason (section 5.5.1). */
export function encodeCloseStatus(code: number, reason = ""): Uint8Array {
  const text = new TextEncoder().encode(reason).subarray(0, 123)
  const payload = new Uint8Array(2 + text.length)
  new DataView(payload.buffer).setUint16(0, code)
  payload.set(text, 2)
  return payload
}

/** What a client sent. */
export type ClientMessage =
  | { readonly type: "text"; readonly text: string; readonly bytes: number }
  | { readonly type: "binary"; readonly bytes: number }
  | { readonly type: "ping"; readonly payload: Uint8Array }
  | { readonly type: "pong" }
  | { readonly type: "close"; readonly payload: Uint8Array }
  /** The client broke the protocol: close the connection with this status (section 7.4.1). */
  | { readonly type: "violation"; readonly code: 1002 | 1007 | 1009 }

interface FrameHead {
  readonly final: boolean
  readonly opcode: number
  readonly size: number
  /** Offset of the masking key. */
  readonly maskAt: number
}

/** Turns the bytes of one client into messages; remembers what is incomplete, within its bound. */
export class FrameDecoder {
  readonly #maxBytes: number
  #pending: Uint8Array = new Uint8Array(0)
  #fragments: Array<Uint8Array> = []
  #fragmentBytes = 0
  #messageOpcode: number | undefined
  #broken = false

  /** @param maxBytes largest message (all fragments together) that is accepted */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes bytes as they arrived; gives the messages that are complete now. Ends at a violation. */
  push(chunk: Uint8Array): ReadonlyArray<ClientMessage> {
    if (this.#broken) return []
    this.#pending = this.#pending.length === 0 ? chunk : concat([this.#pending, chunk])
    const messages: Array<ClientMessage> = []
    for (;;) {
      const head = this.#readHead()
      if (head === undefined) break
      if ("type" in head) {
        messages.push(head)
        this.#broken = true
        break
      }
      const start = head.maskAt + 4
      if (this.#pending.length < start + head.size) break
      const mask = this.#pending.subarray(head.maskAt, start)
      const payload = this.#pending.slice(start, start + head.size)
      for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0)
      this.#pending = this.#pending.subarray(start + head.size)
      const message = this.#readPayload(head, payload)
      if (message === undefined) continue
      messages.push(message)
      if (message.type === "violation") {
        this.#broken = true
        break
      }
    }
    // A copy, so that a long-lived remainder does not keep the whole read buffer alive.
    this.#pending = this.#pending.slice()
    return messages
  }

  #readHead(): FrameHead | ClientMessage | undefined {
    const bytes = this.#pending
    if (bytes.length < 2) return undefined
    const first = bytes[0] ?? 0
    const second = bytes[1] ?? 0
    const final = (first & 0x80) !== 0
    const opcode = first & 0x0f
    const control = opcode >= 0x8
    if ((first & 0x70) !== 0 || (second & 0x80) === 0) return { type: "violation", code: 1002 }
    let size = second & 0x7f
    let maskAt = 2
    if (control && (!final || size > 125)) return { type: "violation", code: 1002 }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (size === 126) {
      if (bytes.length < 4) return undefined
      size = view.getUint16(2)
      maskAt = 4
    } else if (size === 127) {
      if (bytes.length < 10) return undefined
      const long = view.getBigUint64(2)
      size = long > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(long)
      maskAt = 10
    }
    if (!control && this.#fragmentBytes + size > this.#maxBytes) {
      return { type: "violation", code: 1009 }
    }
    return { final, opcode, size, maskAt }
  }

  #readPayload(head: FrameHead, payload: Uint8Array): ClientMessage | undefined {
    switch (head.opcode) {
      case opcodes.close:
        return { type: "close", payload }
      case opcodes.ping:
        return { type: "ping", payload }
      case opcodes.pong:
        return { type: "pong" }
      case opcodes.text:
      case opcodes.binary:
        if (this.#messageOpcode !== undefined) return { type: "violation", code: 1002 }
        this.#messageOpcode = head.opcode
        break
      case opcodes.continuation:
        if (this.#messageOpcode === undefined) return { type: "violation", code: 1002 }
        break
      default:
        return { type: "violation", code: 1002 }
    }
    // Empty fragments are legal and endless: they must not take memory.
    if (payload.length > 0) this.#fragments.push(payload)
    this.#fragmentBytes += payload.length
    if (!head.final) return undefined
    const bytes = this.#fragmentBytes
    const whole = concat(this.#fragments)
    const isText = this.#messageOpcode === opcodes.text
    this.#fragments = []
    this.#fragmentBytes = 0
    this.#messageOpcode = undefined
    if (!isText) return { type: "binary", bytes }
    try {
      return { type: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(whole), bytes }
    } catch {
      return { type: "violation", code: 1007 }
    }
  }
}

function concat(parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
