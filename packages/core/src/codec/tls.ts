/**
 * The TLS presentation language of RFC 9420 section 2.1: strict reading, exact writing.
 *
 * @module
 */
export { DecodeError, type DecodeErrorFields, type DecodeReason } from "./decode_error.ts"
export { decodeTls, defaultMaxVectorBytes, TlsReader, type TlsReaderOptions } from "./tls_reader.ts"
export { encodeSecretTls, encodeTls, maxVarint, TlsWriter } from "./tls_writer.ts"
