/**
 * The little HTTP/1.1 that a relay's port speaks: reading a request's head, writing an answer, and
 * the WebSocket handshake (RFC 6455, section 4.2).
 *
 * @module
 */
import { createHash } from "node:crypto"

/** Largest request head in bytes. */
export const maxHeadBytes = 16_384

/** The head of a request. Header names are lower case. */
export interface HttpRequest {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyMap<string, string>
}

/** A short answer, after which the connection is closed. */
export interface HttpResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const reasonPhrases: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  301: "Moved Permanently",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  426: "Upgrade Required",
  429: "Too Many Requests",
  503: "Service Unavailable",
}

/**
 * Reads a complete head (everything before the empty line).
 *
 * @returns `undefined` when it is no HTTP/1.1 request
 */
export function readHttpHead(head: string): HttpRequest | undefined {
  const [requestLine = "", ...lines] = head.split("\r\n")
  const [method, path, version] = requestLine.split(" ")
  if (method === undefined || path === undefined || version !== "HTTP/1.1") return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(":")
    if (colon < 1) return undefined
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { method, path, headers }
}

/** Serializes an answer with `Content-Length` and `Connection: close`. */
export function writeHttpResponse(response: HttpResponse): Uint8Array {
  const body = new TextEncoder().encode(response.body ?? "")
  const lines = [
    `HTTP/1.1 ${response.status} ${reasonPhrases[response.status] ?? "Answer"}`,
    ...Object.entries(response.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${body.length}`,
    "Connection: close",
  ]
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`)
  const whole = new Uint8Array(head.length + body.length)
  whole.set(head)
  whole.set(body, head.length)
  return whole
}

/** True when the request asks for a WebSocket. */
export function asksForWebSocket(request: HttpRequest): boolean {
  return (request.headers.get("upgrade") ?? "").toLowerCase().includes("websocket")
}

/**
 * The answer that opens a WebSocket.
 *
 * @returns `undefined` when the handshake is malformed or of another version than 13
 */
export function acceptWebSocket(request: HttpRequest): Uint8Array | undefined {
  const key = request.headers.get("sec-websocket-key")
  if (request.method !== "GET" || key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    return undefined
  }
  if (request.headers.get("sec-websocket-version") !== "13") return undefined
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64")
  return new TextEncoder().encode(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
}
