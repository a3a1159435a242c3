/**
 * Component 0x8006 `marmot.group.agent-text-stream.quic.v1`: the policy of text streams.
 *
 * @module
 */
import { readComponent, refuseComponent, writeComponent } from "./component_error.ts"
import { ComponentId } from "./component_id.ts"

const id = ComponentId.agentTextStream

/** Bits of the two role fields. */
export const AgentStreamRole: { readonly receive: 1; readonly send: 2; readonly fanout: 4 } = {
  receive: 1,
  send: 2,
  fanout: 4,
}
const ALL_ROLES = 7

/** What members must and may do with streams. */
export interface AgentTextStreamState {
  /** Role bits that every member must have; at least one, each of them allowed. */
  readonly requiredRoles: number
  /** Role bits that members may have. */
  readonly allowedRoles: number
  /** Longest plaintext of a frame, 1 to 65 519 bytes. */
  readonly maxPlaintextFrameBytes: number
  /** How long a stream can be replayed, 0 to 300 seconds. */
  readonly replaySeconds: number
  /** Padding bucket, 0 to 4096 bytes. */
  readonly paddingBytes: number
}

/** The policy of a new group: all must be able to receive, all may send, 4096 bytes a frame. */
export const defaultAgentTextStream: AgentTextStreamState = {
  requiredRoles: AgentStreamRole.receive,
  allowedRoles: AgentStreamRole.receive | AgentStreamRole.send,
  maxPlaintextFrameBytes: 4096,
  replaySeconds: 0,
  paddingBytes: 0,
}

/**
 * Reads 12 bytes: `u8` required roles, `u8` allowed roles, `u32` frame, `u32` replay, `u16` padding.
 *
 * @throws {ComponentError} `invalid-value` for roles and an empty frame, `limit` for the bounds
 */
export function decodeAgentTextStream(bytes: Uint8Array): AgentTextStreamState {
  return readComponent(id, bytes, (reader) => {
    const state: AgentTextStreamState = {
      requiredRoles: reader.u8(),
      allowedRoles: reader.u8(),
      maxPlaintextFrameBytes: reader.u32(),
      replaySeconds: reader.u32(),
      paddingBytes: reader.u16(),
    }
    check(state)
    return state
  })
}

/**
 * Writes the policy.
 *
 * @throws {ComponentError} as {@link decodeAgentTextStream}
 */
export function encodeAgentTextStream(state: AgentTextStreamState): Uint8Array {
  check(state)
  return writeComponent(
    id,
    (writer) =>
      writer.u8(state.requiredRoles).u8(state.allowedRoles).u32(state.maxPlaintextFrameBytes)
        .u32(state.replaySeconds).u16(state.paddingBytes),
  )
}

const check = (state: AgentTextStreamState): void => {
  const { requiredRoles, allowedRoles, maxPlaintextFrameBytes } = state
  if (
    requiredRoles === 0 || (requiredRoles & ~allowedRoles) !== 0 ||
    (allowedRoles & ~ALL_ROLES) !== 0 || maxPlaintextFrameBytes === 0
  ) {
    refuseComponent(id, "invalid-value")
  }
  if (maxPlaintextFrameBytes > 65_519 || state.replaySeconds > 300 || state.paddingBytes > 4096) {
    refuseComponent(id, "limit")
  }
}
