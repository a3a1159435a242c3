/**
 * What differs between generations of the protocol, as values: the engine asks, it never branches on
 * a name.
 *
 * @module
 */
import type { MlsPolicy, RequiredCapabilities } from "../mls/mod.ts"

/** Component states by id. */
export type ComponentStates = ReadonlyMap<number, Uint8Array>

/** What a founder chooses. */
export interface FoundingChoice {
  /** At most 256 bytes. */
  readonly name: string
  /** At most 4096 bytes. */
  readonly description: string
  /** The founder, 32 bytes in hex. */
  readonly founder: string
  /** 64 lower-case hex, random. */
  readonly nostrGroupId: string
  /** 1 to 16. */
  readonly relays: ReadonlyArray<string>
  /** Seconds that messages stay; absent: for ever. */
  readonly retention: bigint | undefined
}

/** One generation of the protocol. */
export interface GroupProfile {
  /** Name for diagnostics. */
  readonly name: string
  /** Components that this library can process. */
  readonly supportedComponents: ReadonlyArray<number>
  /** Components that must not stand in a GroupContext. */
  readonly misplaced: ReadonlyArray<number>
  /** Components that are required without an entry in the GroupContext. */
  readonly leafOnly: ReadonlyArray<number>
  /** Components that every state must require. */
  readonly alwaysRequired: ReadonlyArray<number>
  /** Proposal types that `required_capabilities` of every state must list. */
  readonly requiredProposals: ReadonlyArray<number>
  /** Extension types that `required_capabilities` of every state must list. */
  readonly requiredExtensions: ReadonlyArray<number>
  /** Components whose removal is never valid. */
  readonly irremovable: ReadonlyArray<number>
  /** `required_capabilities` of a new group. */
  readonly foundingCapabilities: RequiredCapabilities
  /** The dictionary of a new group, the list of required components included. */
  readonly foundingComponents: (choice: FoundingChoice) => ComponentStates
  /** How received handshakes are judged. */
  readonly policy: MlsPolicy
  /** Bytes of a random MLS group id. */
  readonly groupIdBytes: number
  /** Label and context of the exporter that gives the key of the outer layer, 32 bytes. */
  readonly outerKey: { readonly label: string; readonly context: string }
  /** How many states behind the tip are kept. */
  readonly retainedStates: number
}
