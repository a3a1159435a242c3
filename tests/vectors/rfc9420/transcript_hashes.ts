/**
 * Vectors `transcript-hashes`: what a commit adds to the history.
 *
 * @module
 */
import assert from "node:assert/strict"
import { decodeTls } from "../../../packages/core/src/codec/tls.ts"
import { readFramedAuth, readFramedContent } from "../../../packages/core/src/mls/framed_content.ts"
import {
  confirmationTag,
  confirmedTranscriptHash,
  interimTranscriptHash,
} from "../../../packages/core/src/mls/next_epoch.ts"
import { crypto, family, hex, toHex, type VectorFamily } from "./family.ts"

interface Entry {
  readonly confirmation_key: string
  readonly authenticated_content: string
  readonly interim_transcript_hash_before: string
  readonly confirmed_transcript_hash_after: string
  readonly interim_transcript_hash_after: string
}

function check(entry: Entry): void {
  const { wireFormat, content, auth } = decodeTls(hex(entry.authenticated_content), (r) => {
    const wireFormat = r.u16()
    const content = readFramedContent(r)
    return { wireFormat, content, auth: readFramedAuth(r, content.content.kind) }
  })
  assert.equal(content.content.kind, "commit")
  const confirmed = confirmedTranscriptHash(
    crypto,
    hex(entry.interim_transcript_hash_before),
    wireFormat,
    content.bytes,
    auth.signature,
  )
  assert.equal(toHex(confirmed), entry.confirmed_transcript_hash_after)
  const tag = confirmationTag(crypto, hex(entry.confirmation_key), confirmed)
  assert.deepEqual(auth.confirmationTag, tag)
  assert.equal(
    toHex(interimTranscriptHash(crypto, confirmed, tag)),
    entry.interim_transcript_hash_after,
  )
}

/** The family. */
export const transcriptHashes: VectorFamily = family<Entry>({
  name: "transcript-hashes",
  keys: [
    "confirmation_key",
    "authenticated_content",
    "interim_transcript_hash_before",
    "confirmed_transcript_hash_after",
    "interim_transcript_hash_after",
  ],
  check,
})
