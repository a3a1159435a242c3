/**
 * Vectors `messages`: every structure of the protocol decodes and encodes to the same bytes.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls, encodeTls } from "../../../packages/core/src/codec/tls.ts"
import { readCommit, writeCommit } from "../../../packages/core/src/mls/framed_content.ts"
import { decodeMlsMessage, encodeMlsMessage } from "../../../packages/core/src/mls/mls_message.ts"
import { ProposalType } from "../../../packages/core/src/mls/mod.ts"
import { readProposal, writeProposal } from "../../../packages/core/src/mls/proposal.ts"
import { encodeRatchetTree, readRatchetTree } from "../../../packages/core/src/mls/ratchet_tree.ts"
import { encodeGroupSecrets, readGroupSecrets } from "../../../packages/core/src/mls/welcome.ts"
import { family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly mls_welcome: string
  readonly mls_group_info: string
  readonly mls_key_package: string
  readonly ratchet_tree: string
  readonly group_secrets: string
  readonly add_proposal: string
  readonly update_proposal: string
  readonly remove_proposal: string
  readonly pre_shared_key_proposal: string
  readonly re_init_proposal: string
  readonly external_init_proposal: string
  readonly group_context_extensions_proposal: string
  readonly commit: string
  readonly public_message_application: string
  readonly public_message_proposal: string
  readonly public_message_commit: string
  readonly private_message: string
}

function message(encoded: string, wireFormat: string): void {
  const decoded = decodeMlsMessage(hex(encoded))
  assert.equal(decoded.wireFormat, wireFormat)
  assert.equal(toHex(encodeMlsMessage(decoded)), encoded)
}

// The vectors hold the body of a proposal without its type.
function proposal(body: string, type: number): void {
  const prefix = type.toString(16).padStart(4, "0")
  const decoded = decodeTls(hex(prefix + body), readProposal)
  assert.equal(toHex(encodeTls((w) => writeProposal(w, decoded))), prefix + body)
}

function check(entry: Entry): void {
  message(entry.mls_welcome, "welcome")
  message(entry.mls_group_info, "groupInfo")
  message(entry.mls_key_package, "keyPackage")
  message(entry.public_message_proposal, "publicMessage")
  message(entry.public_message_commit, "publicMessage")
  message(entry.private_message, "privateMessage")
  message(entry.public_message_application, "publicMessage")

  const tree = decodeTls(hex(entry.ratchet_tree), readRatchetTree)
  assert.equal(toHex(encodeRatchetTree(tree)), entry.ratchet_tree)
  const secrets = decodeTls(hex(entry.group_secrets), readGroupSecrets)
  assert.equal(toHex(encodeGroupSecrets(secrets)), entry.group_secrets)
  const commit = decodeTls(hex(entry.commit), readCommit)
  assert.equal(toHex(encodeTls((w) => writeCommit(w, commit))), entry.commit)

  proposal(entry.add_proposal, ProposalType.add)
  proposal(entry.update_proposal, ProposalType.update)
  proposal(entry.remove_proposal, ProposalType.remove)
  proposal(entry.pre_shared_key_proposal, ProposalType.psk)
  proposal(entry.re_init_proposal, ProposalType.reInit)
  proposal(entry.external_init_proposal, ProposalType.externalInit)
  proposal(entry.group_context_extensions_proposal, ProposalType.groupContextExtensions)
}

/** The family. */
export const messages: VectorFamily = family<Entry>({
  name: "messages",
  keys: [
    "mls_welcome",
    "mls_group_info",
    "mls_key_package",
    "ratchet_tree",
    "group_secrets",
    "add_proposal",
    "update_proposal",
    "remove_proposal",
    "pre_shared_key_proposal",
    "re_init_proposal",
    "external_init_proposal",
    "group_context_extensions_proposal",
    "commit",
    "public_message_application",
    "public_message_proposal",
    "public_message_commit",
    "private_message",
  ],
  check,
})
