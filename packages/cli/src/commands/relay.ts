/**
 * `mdk relay`: a relay on loopback, for trials.
 *
 * @module
 */
import { makeEmbeddedRelay } from "@mdk/nostr-transport/relay"
import type { Command } from "commander"
import * as Effect from "effect/Effect"
import type { GlobalOptions } from "../session.ts"
import { makeTerminal } from "../terminal.ts"
import { optionsOf, type Register, wholeNumber } from "./command_line.ts"

interface RelayOptions extends GlobalOptions {
  readonly port: number
  readonly watch?: boolean
}

/** Defines `mdk relay`. */
export const registerRelay: Register = (program, run) => {
  program.command("relay")
    .description("run a relay on loopback until Ctrl-C; for trials, keeps everything in memory")
    .option("--port <n>", "TCP port; 0 lets the system choose", wholeNumber(0, 65_535), 7777)
    .option("--watch", "print what it sees: kinds and sizes")
    .action((_, command: Command) => {
      const options = optionsOf<RelayOptions>(command)
      const terminal = makeTerminal(options.json === true)
      return run(
        options,
        Effect.scoped(Effect.gen(function* () {
          const relay = yield* makeEmbeddedRelay({ port: options.port })
          terminal.line(relay.url)
          terminal.value({ url: relay.url })
          if (options.watch === true) {
            relay.observe(({ direction, verb, bytes, event, client }) => {
              const kind = event === undefined ? "" : ` kind ${event.kind}`
              terminal.line(`${client} ${direction} ${verb}${kind} ${bytes} bytes`)
              terminal.value({ client, direction, verb, kind: event?.kind, bytes })
            })
          }
          terminal.note("a relay for trials, on this machine only; Ctrl-C ends")
          yield* Effect.never
        })),
      )
    })
}
