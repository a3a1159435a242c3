/**
 * The public service `Mdk` and its layer.
 *
 * @module
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { OpenError, ServiceError } from "./api/errors.ts"
import type { MdkOptions, MdkService } from "./api/service.ts"
import { Entropy, Signer, Storage, systemEntropy, Transport } from "./services/mod.ts"
import { openAccount } from "./shell/account.ts"
import { makeService } from "./shell/service.ts"

/** The requirement `Mdk` in the `R` of an Effect. */
export interface Mdk extends Context.ServiceClass.Shape<"@mdk/core/Mdk", MdkService> {}

/** What an account is composed of. Without an `Entropy` layer the system's source is used. */
export type MdkLayer = Layer.Layer<Mdk, OpenError | ServiceError, Storage | Transport | Signer>

const MdkService: Context.ServiceClass<Mdk, "@mdk/core/Mdk", MdkService> = Context
  .Service<Mdk, MdkService>()("@mdk/core/Mdk")

const layer = (options: MdkOptions = {}): MdkLayer =>
  Layer.effect(
    MdkService,
    Effect.gen(function* () {
      const entropy = yield* Effect.serviceOption(Entropy)
      const account = yield* openAccount({
        storage: yield* Storage,
        transport: yield* Transport,
        signer: yield* Signer,
        entropy: Option.getOrElse(entropy, () => systemEntropy),
      }, options)
      return makeService(account)
    }),
  )

/**
 * Key under which an {@link MdkService} is found (`yield* Mdk`), and its layer (`Mdk.layer()`).
 *
 * The layer is scoped: it opens the account in the storage, publishes what is missing, subscribes
 * and resumes what was being sent. Closing stops intake, lets running commits finish and returns.
 */
export const Mdk:
  & Context.ServiceClass<Mdk, "@mdk/core/Mdk", MdkService>
  & { readonly layer: (options?: MdkOptions) => MdkLayer } = Object.assign(MdkService, { layer })
