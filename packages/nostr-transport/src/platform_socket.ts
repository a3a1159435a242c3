/**
 * One WebSocket of the platform, with the differences between runtimes evened out.
 *
 * - A failed dial shows as `error` and `close`, as `error` alone (Node 22), or as `close` code 0
 *   (Deno): whichever comes first ends it.
 * - `close()` on a half-open connection may never be answered: it is called and never awaited.
 * - Binary messages arrive as `Blob` unless told otherwise.
 * - An error without a listener can end the process: a listener stays attached to the very end.
 *
 * @module
 */
import * as Effect from "effect/Effect"
import * as Data from "effect/Data"
import type * as Scope from "effect/Scope"
import type * as Cause from "effect/Cause"
import { abandonSocket, socketOpened, watchSockets } from "./socket_abandonment.ts"

/** Opens a WebSocket; the seam for proxies. */
export type WebSocketFactory = (url: string) => WebSocket

/** The platform's own constructor. */
export const platformWebSocket: WebSocketFactory = (url) => {
  watchSockets()
  return new WebSocket(url)
}

/** An open connection. */
export interface PlatformSocket {
  /** Sends text; false when the connection is over. */
  readonly send: (text: string) => boolean
  /** Bytes that are still on this side. */
  readonly unsentBytes: () => number
}

/** What the owner of a socket is told. */
export interface PlatformSocketHandlers {
  /** A text message; `undefined` for a binary one. */
  readonly onMessage: (text: string | undefined) => void
  /** The connection is over; called at most once, and not after the scope closed. */
  readonly onEnd: () => void
}

/** The relay could not be reached. */
export interface DialError extends Cause.YieldableError {
  /** Discriminant for `Effect.catchTag`. */
  readonly _tag: "DialError"
}

/** Creates a {@link DialError}. */
export const DialError: new () => DialError = class DialError
  extends Data.TaggedError("DialError") {
  /** One line. */
  override get message(): string {
    return "the relay could not be reached"
  }
}

/** Dials; the connection is given up when the scope closes, without waiting for the other side. */
export const dialSocket: (
  url: string,
  open: WebSocketFactory,
  handlers: PlatformSocketHandlers,
) => Effect.Effect<PlatformSocket, DialError, Scope.Scope> = Effect.fnUntraced(
  function* (url: string, open: WebSocketFactory, handlers: PlatformSocketHandlers) {
    const socket = yield* Effect.acquireRelease(
      Effect.try({ try: () => open(url), catch: () => new DialError() }),
      (socket) => Effect.sync(() => abandonSocket(socket)),
    )
    let over = false
    const end = (): void => {
      if (over) return
      over = true
      handlers.onEnd()
    }
    socket.binaryType = "arraybuffer"
    // From the start: a relay may speak in the very moment of opening.
    socket.onmessage = (message) => {
      if (!over) handlers.onMessage(typeof message.data === "string" ? message.data : undefined)
    }
    yield* Effect.addFinalizer(() => Effect.sync(() => void (over = true)))
    yield* Effect.callback<void, DialError>((resume) => {
      const failed = (): void => {
        end()
        resume(Effect.fail(new DialError()))
      }
      socket.onopen = () => {
        socketOpened(socket)
        resume(Effect.void)
      }
      socket.onerror = failed
      socket.onclose = failed
    })
    return {
      send: (text) => {
        if (over || socket.readyState !== socket.OPEN) return false
        try {
          socket.send(text)
          return true
        } catch {
          end()
          return false
        }
      },
      unsentBytes: () => socket.bufferedAmount,
    }
  },
)
