/**
 * MLSMessage (RFC 9420 section 6): the outer frame of everything that is sent.
 *
 * @module
 */
import { decodeTls, encodeTls, type TlsReader } from "../codec/tls.ts"
import { decodeBoundary } from "./decode_boundary.ts"
import { type KeyPackage, readKeyPackage } from "./key_package.ts"
import { refuse } from "./mls_error.ts"
import { type PrivateMessage, readPrivateMessage, writePrivateMessage } from "./private_message.ts"
import { type PublicMessage, readPublicMessage, writePublicMessage } from "./public_message.ts"
import { MLS_VERSION, WireFormat } from "./registry.ts"
import {
  type GroupInfo,
  readGroupInfo,
  readWelcome,
  type Welcome,
  writeGroupInfo,
  writeWelcome,
} from "./welcome.ts"

/** A decoded MLSMessage. */
export type MlsMessage =
  | { readonly wireFormat: "publicMessage"; readonly message: PublicMessage }
  | { readonly wireFormat: "privateMessage"; readonly message: PrivateMessage }
  | { readonly wireFormat: "welcome"; readonly welcome: Welcome }
  | { readonly wireFormat: "groupInfo"; readonly groupInfo: GroupInfo }
  | { readonly wireFormat: "keyPackage"; readonly keyPackage: KeyPackage }

function readMlsMessage(reader: TlsReader): MlsMessage {
  if (reader.u16() !== MLS_VERSION) refuse("unsupported")
  switch (reader.u16()) {
    case WireFormat.publicMessage:
      return { wireFormat: "publicMessage", message: readPublicMessage(reader) }
    case WireFormat.privateMessage:
      return { wireFormat: "privateMessage", message: readPrivateMessage(reader) }
    case WireFormat.welcome:
      return { wireFormat: "welcome", welcome: readWelcome(reader) }
    case WireFormat.groupInfo:
      return { wireFormat: "groupInfo", groupInfo: readGroupInfo(reader) }
    case WireFormat.keyPackage:
      return { wireFormat: "keyPackage", keyPackage: readKeyPackage(reader) }
    default:
      return refuse("unsupported")
  }
}

/**
 * Decodes a complete MLSMessage. Every vector length is in shortest form, every byte is used, so
 * that encoding the result gives the same bytes. The result has windows on `bytes`: pass a copy
 * where it is kept.
 *
 * @throws MlsError `malformed` or `unsupported`.
 */
export function decodeMlsMessage(bytes: Uint8Array): MlsMessage {
  return decodeBoundary(() => decodeTls(bytes, readMlsMessage))
}

/** Encodes a complete MLSMessage. */
export function encodeMlsMessage(message: MlsMessage): Uint8Array {
  return encodeTls((w) => {
    w.u16(MLS_VERSION).u16(WireFormat[message.wireFormat])
    switch (message.wireFormat) {
      case "publicMessage":
        writePublicMessage(w, message.message)
        break
      case "privateMessage":
        writePrivateMessage(w, message.message)
        break
      case "welcome":
        writeWelcome(w, message.welcome)
        break
      case "groupInfo":
        writeGroupInfo(w, message.groupInfo)
        break
      case "keyPackage":
        w.opaque(message.keyPackage.bytes)
    }
  })
}
