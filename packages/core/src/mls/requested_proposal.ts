/**
 * From what a caller asks for to a proposal.
 *
 * @module
 */
import type { EntropyService } from "../services/entropy.ts"
import { decodeKeyPackage } from "./key_package.ts"
import type { Proposal } from "./proposal.ts"
import type { InlineProposal } from "./proposal_request.ts"

/** Turns a request into a proposal that owns its bytes; draws the nonce of a PSK. */
export function proposalFor(request: InlineProposal, entropy: EntropyService): Proposal {
  switch (request.type) {
    case "add":
      return { type: "add", keyPackage: decodeKeyPackage(request.keyPackage.bytes) }
    case "remove":
      return { type: "remove", leafIndex: request.leafIndex }
    case "groupContextExtensions":
      return {
        type: "groupContextExtensions",
        extensions: request.extensions.map((e) => ({ type: e.type, data: e.data.slice() })),
      }
    case "appDataUpdate": {
      const { componentId, update } = request
      return update === undefined
        ? { type: "appDataUpdate", componentId }
        : { type: "appDataUpdate", componentId, update: update.slice() }
    }
    case "psk":
      return {
        type: "psk",
        id: { kind: "external", id: request.pskId.slice(), nonce: entropy.bytes(32) },
      }
    case "resumptionPsk":
      return {
        type: "psk",
        id: {
          kind: "resumption",
          usage: 1,
          groupId: request.groupId.slice(),
          epoch: request.epoch,
          nonce: entropy.bytes(32),
        },
      }
  }
}
