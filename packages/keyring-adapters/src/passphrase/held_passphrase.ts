/**
 * A passphrase that is asked for once and kept until it turns out wrong or the store is closed.
 *
 * @module
 */
import type { KeyStoreError } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { PassphrasePurpose, PassphraseSource } from "./source.ts"

/** The holder. */
export interface HeldPassphrase {
  /**
   * Runs `body` with a copy of the passphrase, which is asked for when there is none; concurrent
   * callers ask once. The copy is zeroed afterwards. When `body` fails with `wrong-passphrase` the
   * passphrase is forgotten, so that the next caller asks again.
   *
   * A copy, because a passphrase that is zeroed by somebody else while a key is sealed with it would
   * seal the key under zeros.
   */
  readonly use: <A>(
    purpose: PassphrasePurpose,
    body: (passphrase: Redacted.Redacted<Uint8Array>) => Effect.Effect<A, KeyStoreError>,
  ) => Effect.Effect<A, KeyStoreError>
}

/** Makes a holder that zeroes its passphrase when the scope closes. */
export const holdPassphrase = (
  source: PassphraseSource,
): Effect.Effect<HeldPassphrase, never, Scope.Scope> =>
  Effect.gen(function* () {
    const semaphore = yield* Semaphore.make(1)
    let held: Redacted.Redacted<Uint8Array> | undefined
    const wipe = () => {
      if (held !== undefined) Redacted.value(held).fill(0)
      held = undefined
    }
    yield* Effect.addFinalizer(() => Effect.sync(wipe))

    const current = (purpose: PassphrasePurpose) =>
      semaphore.withPermit(
        Effect.suspend(() =>
          held === undefined
            ? Effect.tap(source(purpose), (fresh) =>
              Effect.sync(() => {
                held = fresh
              }))
            : Effect.succeed(held)
        ),
      )

    return {
      use: (purpose, body) =>
        Effect.flatMap(current(purpose), (original) =>
          Effect.acquireUseRelease(
            Effect.sync(() => Redacted.make(Redacted.value(original).slice())),
            body,
            (copy) => Effect.sync(() => Redacted.value(copy).fill(0)),
          ).pipe(
            Effect.tapError((error) =>
              Effect.sync(() => {
                const isCurrent = held === original
                if (error.reason === "wrong-passphrase" && isCurrent) wipe()
              })
            ),
          )),
    }
  })
