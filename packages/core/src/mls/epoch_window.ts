/**
 * A group copy in linear use: the present state and the few before it that late messages need.
 *
 * Who must hold rival states of one epoch keeps values of `MlsGroup` by `stateId` instead.
 *
 * @module
 */
import type { MlsGroup } from "./group.ts"
import { refuse } from "./mls_error.ts"
import { peek } from "./peek.ts"
import type { MlsPolicy } from "./policy.ts"
import { processMessage } from "./process.ts"
import type { Processed } from "./processed.ts"

/** How many past epochs are kept unless the caller says otherwise. */
export const DEFAULT_PAST_EPOCHS = 5

/** Immutable; the values inside belong to it. */
export interface EpochWindow {
  /** The present state. */
  readonly tip: MlsGroup
  /** Earlier states, newest first. They still read application messages of their epoch. */
  readonly past: ReadonlyArray<MlsGroup>
  /** How many of them are kept. */
  readonly pastEpochs: number
}

/** A window that starts with a state. */
export function openWindow(
  tip: MlsGroup,
  pastEpochs: number = DEFAULT_PAST_EPOCHS,
): EpochWindow {
  if (!Number.isSafeInteger(pastEpochs) || pastEpochs < 0) refuse("invalid-argument")
  return { tip, past: [], pastEpochs }
}

/** What {@link advanceWindow} returns. */
export interface AdvancedWindow {
  /** With the next state as its tip. */
  readonly window: EpochWindow
  /** States that fell out: retire them once the window is durable. */
  readonly dropped: ReadonlyArray<MlsGroup>
}

/** Moves on to the state after a commit. With `pastEpochs` 0 nothing of the past is kept. */
export function advanceWindow(window: EpochWindow, next: MlsGroup): AdvancedWindow {
  const states = [window.tip, ...window.past]
  const past = states.slice(0, window.pastEpochs)
  return {
    window: { ...window, tip: next, past },
    dropped: states.slice(window.pastEpochs),
  }
}

/** What {@link processInWindow} returns. */
export interface ProcessedInWindow {
  /** What the message was. A commit is not adopted: pass its `next` to {@link advanceWindow}. */
  readonly processed: Processed
  /** With the value that the message led to in its place; unchanged for a commit. */
  readonly window: EpochWindow
  /** The value that was replaced: retire it once the window is durable. */
  readonly replaced: MlsGroup | undefined
}

/**
 * Reads a message with the state of its epoch: application data with any state of the window,
 * proposals and commits with the tip only.
 *
 * @throws MlsError `wrong-epoch` when no state of the window fits, or what `processMessage` throws.
 */
export function processInWindow(
  window: EpochWindow,
  bytes: Uint8Array,
  policy: MlsPolicy = {},
): ProcessedInWindow {
  const head = peek(bytes)
  if (head.wireFormat !== "publicMessage" && head.wireFormat !== "privateMessage") {
    refuse("unsupported")
  }
  const states = head.content === "application" ? [window.tip, ...window.past] : [window.tip]
  const state = states.find((g) => g.epoch === head.epoch) ?? refuse("wrong-epoch")
  const processed = processMessage(state, bytes, policy)
  if (processed.kind === "commit" || processed.group === state) {
    return { processed, window, replaced: undefined }
  }
  const { group } = processed
  return {
    processed,
    window: state === window.tip
      ? { ...window, tip: group }
      : { ...window, past: window.past.map((g) => (g === state ? group : g)) },
    replaced: state,
  }
}
