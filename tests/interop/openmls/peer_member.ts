/**
 * A member that runs on OpenMLS.
 *
 * @module
 */
import type {
  InteropMember,
  MadeCommit,
  PlainCommit,
  PlainExtension,
  PlainReceived,
  PlainRequest,
  PlainState,
} from "./member.ts"
import type { PeerProcess } from "./peer_process.ts"

/** A member that runs on OpenMLS. */
export class PeerMember implements InteropMember {
  readonly kind = "openmls"
  readonly name: string
  readonly identity: string
  readonly #peer: PeerProcess

  private constructor(peer: PeerProcess, name: string, identity: string) {
    this.#peer = peer
    this.name = name
    this.identity = identity
  }

  /** @param privateHandshakes whether its proposals and commits are PrivateMessages. */
  static async start(
    peer: PeerProcess,
    name: string,
    identity: string,
    privateHandshakes: boolean,
  ): Promise<PeerMember> {
    await peer.request({ op: "member", member: name, identity, private: privateHandshakes })
    return new PeerMember(peer, name, identity)
  }

  keyPackage(): Promise<string> {
    return this.#ask({ op: "key_package" })
  }

  create(groupId: string, extensions: ReadonlyArray<PlainExtension>): Promise<void> {
    return this.#ask({ op: "create", group_id: groupId, extensions })
  }

  join(welcome: string, tree?: string): Promise<void> {
    return this.#ask({ op: "join", welcome, ...(tree === undefined ? {} : { tree }) })
  }

  storePsk(id: string, psk: string): Promise<void> {
    return this.#ask({ op: "psk", psk_id: id, psk })
  }

  tree(): Promise<string> {
    return this.#ask({ op: "tree" })
  }

  propose(proposal: PlainRequest): Promise<string> {
    return this.#ask({ op: "propose", proposal })
  }

  commit(commit: PlainCommit): Promise<MadeCommit> {
    return this.#ask({ op: "commit", ...commit })
  }

  merge(): Promise<void> {
    return this.#ask({ op: "merge" })
  }

  clear(): Promise<void> {
    return this.#ask({ op: "clear" })
  }

  send(data: string, aad: string = ""): Promise<string> {
    return this.#ask({ op: "send", data, aad })
  }

  receive(message: string): Promise<PlainReceived> {
    return this.#ask({ op: "receive", message })
  }

  async state(): Promise<PlainState> {
    const { own_leaf: _, ...state } = await this.#state()
    return state
  }

  async leaf(): Promise<number> {
    return (await this.#state()).own_leaf
  }

  #state(): Promise<PlainState & { readonly own_leaf: number }> {
    return this.#ask({ op: "state" })
  }

  #ask<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
    return this.#peer.request({ ...request, member: this.name })
  }
}
