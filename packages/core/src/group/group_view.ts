/**
 * What a GroupContext says, decoded: the settings that members agreed on.
 *
 * @module
 */
import {
  ComponentId,
  decodeAdminPolicy,
  decodeComponentList,
  decodeGroupLifecycle,
  decodeGroupProfile,
  decodeMessageRetention,
  decodeNostrRouting,
  type GroupLifecycleState,
  type NostrRoutingState,
} from "../components/mod.ts"
import type { PublicKey } from "../identity/mod.ts"
import { appDataDictionary, type GroupContext } from "../mls/mod.ts"
import { refuse } from "./refusal.ts"

/** The settings of one state of a group. */
export interface GroupView {
  /** Every entry of the dictionary, by component id; unknown ones included. */
  readonly components: ReadonlyMap<number, Uint8Array>
  /** Components that every member must support, ascending. */
  readonly required: ReadonlyArray<number>
  /** Admins, sorted. */
  readonly admins: ReadonlyArray<PublicKey>
  /** Name; empty where the group has no profile. */
  readonly name: string
  /** Description; empty where the group has no profile. */
  readonly description: string
  /** Where its traffic goes. */
  readonly routing: NostrRoutingState
  /** Seconds that messages stay; 0: for ever. */
  readonly retention: bigint
  /** Absent in groups that were founded without it. */
  readonly lifecycle: GroupLifecycleState | undefined
}

/**
 * Decodes the settings of a GroupContext.
 *
 * @throws {GroupRefusal} `missing-state` without a dictionary, required list, admin policy or routing;
 * `malformed-state` when one that this library reads is not canonical
 */
export function viewOf(context: GroupContext): GroupView {
  const dictionary = readDictionary(context)
  const components = new Map(dictionary.map((entry) => [entry.componentId, entry.data]))
  const need = <A>(id: number, decode: (bytes: Uint8Array) => A): A => {
    const bytes = components.get(id)
    return bytes === undefined ? refuse("missing-state") : orMalformed(() => decode(bytes))
  }
  const may = <A>(id: number, decode: (bytes: Uint8Array) => A): A | undefined => {
    const bytes = components.get(id)
    return bytes === undefined ? undefined : orMalformed(() => decode(bytes))
  }
  const profile = may(ComponentId.groupProfile, decodeGroupProfile)
  return {
    components,
    required: need(ComponentId.appComponents, decodeComponentList),
    admins: need(ComponentId.adminPolicy, decodeAdminPolicy),
    name: profile?.name ?? "",
    description: profile?.description ?? "",
    routing: need(ComponentId.nostrRouting, decodeNostrRouting),
    retention: may(ComponentId.messageRetention, decodeMessageRetention) ?? 0n,
    lifecycle: may(ComponentId.groupLifecycle, decodeGroupLifecycle),
  }
}

const readDictionary = (context: GroupContext) => {
  const dictionary = orMalformed(() => appDataDictionary(context.extensions))
  return dictionary ?? refuse("missing-state")
}

const orMalformed = <A>(body: () => A): A => {
  try {
    return body()
  } catch {
    return refuse("malformed-state")
  }
}
