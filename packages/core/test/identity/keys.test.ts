import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { inspect } from "node:util"
import { nprofileEncode, npubEncode, nsecEncode } from "nostr-tools/nip19"
import { encrypt as encryptNip49 } from "nostr-tools/nip49"
import { decodeHex } from "@mdk/core/codec"
import {
  checkedPublicKey,
  formatPublicKey,
  KeyFormatError,
  parsePublicKey,
  parseSecretKey,
  publicKeyFromBytes,
  publicKeyOf,
  publicKeyToBytes,
} from "@mdk/core/identity"

const secretHex = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa"
const publicHex = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e"
const reason = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    if (!(error instanceof KeyFormatError)) throw error
    return error.reason
  }
  return "accepted"
}

describe("public keys", () => {
  it("come as npub, nprofile or hex", () => {
    const profile = nprofileEncode({ pubkey: publicHex, relays: ["wss://relay.example"] })
    for (
      const text of [
        publicHex,
        publicHex.toUpperCase(),
        ` ${publicHex}\n`,
        npubEncode(publicHex),
        npubEncode(publicHex).toUpperCase(),
        `nostr:${npubEncode(publicHex)}`,
        profile,
      ]
    ) assert.equal(parsePublicKey(text), publicHex)
    assert.equal(formatPublicKey(parsePublicKey(publicHex)), npubEncode(publicHex))
  })

  it("are points of the curve", () => {
    // 5 is the smallest x that no point has.
    assert.equal(reason(() => parsePublicKey(`${"0".repeat(63)}5`)), "not-a-key")
    assert.equal(reason(() => parsePublicKey("f".repeat(64))), "not-a-key")
    assert.equal(reason(() => parsePublicKey("0".repeat(64))), "not-a-key")
    assert.equal(reason(() => publicKeyFromBytes(new Uint8Array(32))), "not-a-key")
    assert.equal(reason(() => publicKeyFromBytes(new Uint8Array(31))), "malformed")
    assert.equal(reason(() => checkedPublicKey(new Uint8Array(33))), "malformed")
  })

  it("refuse other texts by kind", () => {
    assert.equal(reason(() => parsePublicKey(nsecEncode(decodeHex(secretHex)))), "secret-key")
    for (
      const text of ["", "npub1", `${npubEncode(publicHex)}x`, publicHex.slice(1), `${publicHex}00`]
    ) {
      assert.equal(reason(() => parsePublicKey(text)), "malformed", text)
    }
    const typo = npubEncode(publicHex).replace(/.$/, (last) => last === "q" ? "p" : "q")
    assert.equal(reason(() => parsePublicKey(typo)), "malformed")
  })

  it("become the identity of a credential and back", () => {
    const key = parsePublicKey(publicHex)
    assert.equal(publicKeyToBytes(key).length, 32)
    assert.equal(publicKeyFromBytes(publicKeyToBytes(key)), key)
    assert.equal(checkedPublicKey(publicKeyToBytes(key)), key)
  })
})

describe("secret keys", () => {
  it("come as nsec or hex", () => {
    for (
      const text of [secretHex, secretHex.toUpperCase(), ` ${nsecEncode(decodeHex(secretHex))} `]
    ) {
      const secret = parseSecretKey(text)
      assert.equal(publicKeyOf(secret), publicHex)
      secret.wipe()
    }
  })

  it("come encrypted (NIP-49), with the vector of the NIP", () => {
    const text =
      "ncryptsec1qgg9947rlpvqu76pj5ecreduf9jxhselq2nae2kghhvd5g7dgjtcxfqtd67p9m0w57lspw8gsq6yphnm8623nsl8xn9j4jdzz84zm3frztj3z7s35vpzmqf6ksu8r89qk5z2zxfmu5gv8th8wclt0h4p"
    const secret = parseSecretKey(text, { passphrase: "nostr" })
    assert.equal(
      publicKeyOf(secret),
      publicKeyOf(parseSecretKey(
        "3501454135014541350145413501453fefb02227e449e57cf4d3a3ce05378683",
      )),
    )
    assert.equal(reason(() => parseSecretKey(text, { passphrase: "Nostr" })), "wrong-passphrase")
    assert.equal(reason(() => parseSecretKey(text)), "passphrase-needed")
  })

  it("tell a typing error and an extreme cost from a wrong passphrase, without working for it", () => {
    const text = encryptNip49(decodeHex(secretHex), "p", 1)
    assert.equal(publicKeyOf(parseSecretKey(text, { passphrase: "p" })), publicHex)
    const typo = text.replace(/.$/, (last) => last === "q" ? "p" : "q")
    assert.equal(reason(() => parseSecretKey(typo, { passphrase: "p" })), "malformed")
    assert.equal(reason(() => parseSecretKey(text.slice(0, -3), { passphrase: "p" })), "malformed")
    assert.equal(reason(() => parseSecretKey("ncryptsec1", { passphrase: "p" })), "malformed")
    assert.equal(
      reason(() => parseSecretKey(withLogN(text, 21), { passphrase: "p" })),
      "too-costly",
    )
    assert.equal(
      reason(() => parseSecretKey(withLogN(text, 255), { passphrase: "p" })),
      "too-costly",
    )
  })

  it("need a version and a cost that exist", () => {
    const text = encryptNip49(decodeHex(secretHex), "p", 1)
    assert.equal(reason(() => parseSecretKey(withLogN(text, 20))), "passphrase-needed")
    assert.equal(reason(() => parseSecretKey(withLogN(text, 0))), "malformed")
    assert.equal(reason(() => parseSecretKey(withLogN(text, 1, 1))), "malformed")
    assert.equal(
      reason(() => parseSecretKey(`${text.slice(0, 60)}b${text.slice(61)}`)),
      "malformed",
    )
  })

  it("are inside their range", () => {
    assert.equal(reason(() => parseSecretKey("0".repeat(64))), "not-a-key")
    assert.equal(reason(() => parseSecretKey("f".repeat(64))), "not-a-key")
  })

  it("refuse public keys and everything else without repeating them", () => {
    assert.equal(reason(() => parseSecretKey(npubEncode(publicHex))), "public-key")
    const nsec = nsecEncode(decodeHex(secretHex))
    for (
      const text of ["", "nsec1", nsec.slice(0, -1), `${nsec}q`, `${secretHex}0`, "nsec1\u0000"]
    ) {
      try {
        parseSecretKey(text)
        assert.fail(text)
      } catch (error) {
        assert.ok(error instanceof KeyFormatError)
        assert.equal(error.reason, "malformed")
        const printed = `${error} ${error.stack} ${JSON.stringify(error)} ${
          inspect(error, { depth: 9 })
        }`
        assert.ok(!printed.includes(nsec.slice(5, 25)) && !printed.includes(secretHex.slice(0, 20)))
      }
    }
  })
})

// Writes another cost into the header and repairs the checksum.
function withLogN(text: string, logN: number, version = 2): string {
  const digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
  const data = [...text.slice("ncryptsec1".length, -6)].map((char) => digits.indexOf(char))
  data[0] = version >> 3
  data[1] = (version & 7) << 2 | logN >> 6
  data[2] = logN >> 1 & 31
  data[3] = (data[3] ?? 0) & 15 | (logN & 1) << 4
  const prefix = [..."ncryptsec"].map((char) => char.charCodeAt(0))
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  let sum = 1
  const all = [
    ...prefix.map((c) => c >> 5),
    0,
    ...prefix.map((c) => c & 31),
    ...data,
    0,
    0,
    0,
    0,
    0,
    0,
  ]
  for (const value of all) {
    const top = sum >>> 25
    sum = (sum & 0x1ffffff) << 5 ^ value
    generators.forEach((generator, bit) => {
      if ((top >>> bit & 1) === 1) sum ^= generator
    })
  }
  sum ^= 1
  const checksum = [25, 20, 15, 10, 5, 0].map((shift) => sum >>> shift & 31)
  return `ncryptsec1${[...data, ...checksum].map((digit) => digits[digit]).join("")}`
}
