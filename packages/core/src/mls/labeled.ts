/**
 * The labelled forms of signing, hashing and key derivation (RFC 9420 sections 5.1.2, 5.2 and 8).
 *
 * @module
 */
import { encodeSecretTls, TlsWriter } from "../codec/tls.ts"
import { hkdfExpand } from "../crypto/hkdf.ts"
import type { CryptoProvider, SigningKey, VerificationKey } from "../crypto/provider.ts"

const utf8 = new TextEncoder()
const prefixed = new Map<string, Uint8Array>()
const none = new Uint8Array(0)

/** `"MLS 1.0 " + label` as bytes. Labels are constants of the RFC, or few: they are kept. */
function label(text: string): Uint8Array {
  let bytes = prefixed.get(text)
  if (bytes === undefined) {
    bytes = utf8.encode(`MLS 1.0 ${text}`)
    if (prefixed.size < 256) prefixed.set(text, bytes)
  }
  return bytes
}

/** The encoding of `SignContent`. */
function signContent(text: string, content: Uint8Array): Uint8Array {
  const l = label(text)
  return new TlsWriter(l.length + content.length + 8).opaqueV(l).opaqueV(content).view()
}

/** `SignWithLabel`. */
export function signWithLabel(
  crypto: CryptoProvider,
  key: SigningKey,
  text: string,
  content: Uint8Array,
): Uint8Array {
  return crypto.sign(key, signContent(text, content))
}

/** `VerifyWithLabel`. */
export function verifyWithLabel(
  crypto: CryptoProvider,
  key: VerificationKey,
  text: string,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  return crypto.verify(key, signContent(text, content), signature)
}

/** The encoding of `SignContent` for content that is written in one pass. */
export function signContentOf(
  text: string,
  capacity: number,
  write: (writer: TlsWriter) => void,
): Uint8Array {
  const l = label(text)
  return new TlsWriter(l.length + capacity + 8).opaqueV(l).framed(write).view()
}

/** `RefHash`: SHA-256 over label and value, 32 bytes. The label is used as it is. */
export function refHash(crypto: CryptoProvider, text: string, value: Uint8Array): Uint8Array {
  const l = utf8.encode(text)
  return crypto.sha256(
    new TlsWriter(l.length + value.length + 8).opaqueV(l).opaqueV(value).view(),
  )
}

/**
 * `ExpandWithLabel`. The caller owns and zeroes the result.
 *
 * Every message needs five of these, so the usual case (one HMAC block, short label and context) is
 * written out, into a buffer that is kept for each label and context length. It never holds a
 * secret, and no provider keeps the memory of an argument.
 */
export function expandWithLabel(
  crypto: CryptoProvider,
  secret: Uint8Array,
  text: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  if (length > 32 || length < 1 || context.length > longestKept) {
    const l = label(text)
    const info = new TlsWriter(l.length + context.length + 12)
      .u16(length).opaqueV(l).opaqueV(context).view()
    return hkdfExpand(crypto, secret, info, length)
  }
  const input = expandInput(text, context.length)
  input[1] = length
  if (context.length > 0) input.set(context, input.length - 1 - context.length)
  const block = crypto.hmacSha256(secret, input)
  if (length === 32) return block
  const output = block.slice(0, length)
  block.fill(0)
  return output
}

/** Longest context for which an input buffer is kept. */
const longestKept = 32

const expandInputs = new Map<string, Array<Uint8Array | undefined>>()

/** `u16 length ‖ label<V> ‖ context<V> ‖ 0x01` with everything but length and context in it. */
function expandInput(text: string, contextLength: number): Uint8Array {
  let inputs = expandInputs.get(text)
  const known = inputs?.[contextLength]
  if (known !== undefined) return known
  const input = new TlsWriter(64 + contextLength)
    .u16(0).opaqueV(label(text)).opaqueV(new Uint8Array(contextLength)).u8(1).finish()
  if (inputs === undefined) {
    inputs = []
    if (expandInputs.size < 256) expandInputs.set(text, inputs)
  }
  inputs[contextLength] = input
  return input
}

/** `DeriveSecret`: 32 bytes that the caller owns and zeroes. */
export function deriveSecret(
  crypto: CryptoProvider,
  secret: Uint8Array,
  text: string,
): Uint8Array {
  return expandWithLabel(crypto, secret, text, none, 32)
}

/** The `info` of `EncryptWithLabel`: the encoding of `EncryptContext`. */
export function encryptContext(text: string, context: Uint8Array): Uint8Array {
  return encodeSecretTls((w) => w.opaqueV(label(text)).opaqueV(context))
}
