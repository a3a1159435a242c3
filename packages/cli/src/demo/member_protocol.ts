/**
 * What the demo and its member processes say to each other: one JSON value per line over the child's
 * standard input and output.
 *
 * @module
 */
import type { CommandFailure } from "../command_failure.ts"
import type { KeyStoreKind } from "../home.ts"

/** What a member needs to open its account. It travels through a pipe, never as an argument. */
export interface Opening {
  /** The database file. */
  readonly database: string
  /** The folder of wrapped keys. */
  readonly keys: string
  /** Where the database key lives. */
  readonly keyStore: KeyStoreKind
  /** Names the database key. */
  readonly keyId: string
  /** Opens wrapped keys. */
  readonly passphrase: string
  /** The account's secret key in hex, for a new account. */
  readonly secretKey?: string
  /** Relays. */
  readonly relays: ReadonlyArray<string>
}

/** What the demo asks a member to do. */
export type Request =
  | { readonly do: "open"; readonly opening: Opening }
  | { readonly do: "found"; readonly name: string; readonly invite: ReadonlyArray<string> }
  | { readonly do: "await-invitation" }
  | { readonly do: "accept"; readonly invitation: string }
  | { readonly do: "send"; readonly text: string; readonly replyTo?: string }
  | { readonly do: "react"; readonly to: string; readonly emoji: string }
  | { readonly do: "edit"; readonly message: string; readonly text: string }
  | { readonly do: "await-reading"; readonly until: ReadonlyArray<string> }
  | { readonly do: "close" }

/** One row of a timeline as a member reads it. */
export interface Reading {
  /** The message. */
  readonly id: string
  /** Public key of the author, hex. */
  readonly author: string
  /** What it says. */
  readonly text: string
  /** True when it was edited. */
  readonly edited: boolean
  /** Emoji under it. */
  readonly reactions: ReadonlyArray<string>
}

/** An invitation as a member sees it. */
export interface Invitation {
  /** Its id. */
  readonly id: string
  /** Public key of who invites, hex. */
  readonly from: string
  /** The group's name. */
  readonly groupName: string
  /** How many members it has. */
  readonly members: number
}

/** What each request is answered with. */
export interface Answers {
  readonly "open": { readonly publicKey: string }
  readonly "found": { readonly group: string; readonly relays: number }
  readonly "await-invitation": Invitation
  readonly "accept": { readonly group: string; readonly members: number }
  readonly "send": { readonly message: string; readonly relays: number }
  readonly "react": { readonly relays: number }
  readonly "edit": { readonly relays: number }
  readonly "await-reading": ReadonlyArray<Reading>
  readonly "close": null
}

/** A line to a member. */
export interface RequestLine {
  /** Repeated in the answer. */
  readonly id: number
  /** What to do. */
  readonly request: Request
}

/** A line from a member. */
export type AnswerLine =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: CommandFailure }
