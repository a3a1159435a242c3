/**
 * What the demo tells while it happens: as lines for people and, with `--json`, as the steps
 * themselves.
 *
 * @module
 */
import type { FileSight } from "./inspection.ts"
import type { Reading } from "./member_protocol.ts"
import type { KindSight } from "./relay_watch.ts"
import { printable } from "../printable.ts"
import type { Terminal } from "../terminal.ts"

/** One thing that happened. */
export type Step =
  | {
    readonly step: "keys"
    readonly keyStore: string
    readonly folder: string
    readonly text: string
  }
  | { readonly step: "relay"; readonly url: string; readonly own: boolean }
  | {
    readonly step: "account"
    readonly member: string
    readonly pid: number
    readonly npub: string
    readonly database: string
  }
  | {
    readonly step: "founded"
    readonly member: string
    readonly name: string
    readonly invited: number
  }
  | {
    readonly step: "invited"
    readonly member: string
    readonly by: string
    readonly name: string
    readonly members: number
  }
  | { readonly step: "joined"; readonly member: string; readonly members: number }
  | {
    readonly step: "sent" | "edited" | "reacted"
    readonly member: string
    readonly text: string
    readonly relays: number
  }
  | {
    readonly step: "read"
    readonly member: string
    readonly timeline: ReadonlyArray<Omit<Reading, "id" | "author"> & { readonly from: string }>
  }
  | { readonly step: "left" | "returned"; readonly member: string; readonly pid: number }
  | {
    readonly step: "files"
    readonly member: string
    readonly folderMode: string
    readonly files: ReadonlyArray<FileSight>
  }
  | {
    readonly step: "relay-saw"
    readonly kinds: ReadonlyArray<KindSight>
    readonly leaks: ReadonlyArray<string>
  }
  | {
    readonly step: "kept"
    readonly member: string
    readonly database: string
    readonly key: string
    readonly open: string
  }
  | { readonly step: "passphrase"; readonly folder: string; readonly passphrase: string }
  | {
    readonly step: "done"
    readonly seconds: number
    readonly needles: number
    readonly leaks: number
  }

/** Lines for people. */
export function linesOf(step: Step): ReadonlyArray<string> {
  switch (step.step) {
    case "keys":
      return [step.text, ""]
    case "relay":
      return [
        step.own ? `relay on loopback: ${step.url}` : `relay: ${printable(step.url)}`,
        "",
      ]
    case "account":
      return [
        `${step.member} (process ${step.pid}) made an account ${step.npub.slice(0, 16)}...`,
        `  database ${step.database}`,
      ]
    case "founded":
      return ["", `${step.member} founded "${printable(step.name)}" and invited ${step.invited}`]
    case "invited":
      return [
        `${step.member} is invited by ${step.by} to "${
          printable(step.name)
        }", ${step.members} members`,
      ]
    case "joined":
      return [`${step.member} accepted and joined; ${step.members} members`]
    case "sent":
      return [
        `${step.member} sent: ${printable(step.text)}  (acknowledged by ${step.relays} relay)`,
      ]
    case "edited":
      return [`${step.member} changed that to: ${printable(step.text)}`]
    case "reacted":
      return [`${step.member} reacted: ${printable(step.text)}`]
    case "read":
      return [
        "",
        `${step.member} reads:`,
        ...step.timeline.map(({ from, text, edited, reactions }) =>
          `  ${from}: ${printable(text)}${edited ? " (edited)" : ""}${
            reactions.length > 0 ? `  [${reactions.map(printable).join(" ")}]` : ""
          }`
        ),
      ]
    case "left":
      return ["", `${step.member} left: process ${step.pid} ended, the database is closed`]
    case "returned":
      return [
        `${step.member} is back as process ${step.pid}, with nothing but its database and key`,
      ]
    case "files":
      return [
        `${step.member}'s folder has mode ${step.folderMode}`,
        ...step.files.map((file) =>
          `  ${file.name}  mode ${file.mode}  ${file.bytes} bytes  begins ${
            file.header.slice(0, 16)
          }${file.plain ? "  NOT ENCRYPTED" : ""}${
            file.leaks.length > 0 ? `  LEAKS ${file.leaks.join(", ")}` : ""
          }`
        ),
      ]
    case "relay-saw":
      return [
        "",
        "the relay saw:",
        ...step.kinds.map((kind) =>
          `  ${
            String(kind.count).padStart(3)
          } x kind ${kind.kind} (${kind.name}), ${kind.bytes} bytes, like ${
            printable(kind.sample) || "(empty)"
          }`
        ),
        step.leaks.length === 0
          ? "  and no text, name or key of the conversation"
          : `  AND IN THE CLEAR: ${step.leaks.join(", ")}`,
        "",
      ]
    case "kept":
      return [`open ${step.member}'s database:`, `  ${step.open}`]
    case "passphrase":
      return [`the wrapped keys in ${step.folder} open with: ${step.passphrase}`]
    case "done":
      return [
        "",
        step.leaks === 0
          ? `done in ${
            step.seconds.toFixed(1)
          } s; ${step.needles} names, texts, keys and ids searched for, none found`
          : `done in ${step.seconds.toFixed(1)} s; ${step.leaks} LEAKS`,
      ]
  }
}

/** Tells a step. */
export function tell(terminal: Terminal, step: Step): void {
  for (const line of linesOf(step)) terminal.line(line)
  terminal.value(step)
}
