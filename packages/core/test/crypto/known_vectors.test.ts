import assert from "node:assert/strict"
import { describe, test } from "node:test"
import {
  hkdfExpand,
  hkdfExtract,
  hpkeDeriveKeyPair,
  hpkeOpen,
  hpkeSeal,
} from "../../src/crypto/mod.ts"
import { ascii, hex, providers } from "./providers.ts"

for (const crypto of providers) {
  describe(`known vectors: ${crypto.name}`, () => {
    test("SHA-256 (FIPS 180-4)", () => {
      assert.deepEqual(
        crypto.sha256(ascii("abc")),
        hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      )
      assert.deepEqual(
        crypto.sha256(ascii("a".repeat(1_000_000))),
        hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
      )
    })

    test("HMAC-SHA-256 (RFC 4231)", () => {
      assert.deepEqual(
        crypto.hmacSha256(ascii("Jefe"), ascii("what do ya want for nothing?")),
        hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
      )
      assert.deepEqual(
        crypto.hmacSha256(
          new Uint8Array(131).fill(0xaa),
          ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
        ),
        hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
      )
    })

    test("HKDF-SHA-256 (RFC 5869 case 1)", () => {
      const key = hkdfExtract(
        crypto,
        hex("000102030405060708090a0b0c"),
        new Uint8Array(22).fill(11),
      )
      assert.deepEqual(
        key,
        hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
      )
      const okm = hex(
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
      )
      for (const length of [0, 1, 31, 32, 33, 42]) {
        assert.deepEqual(
          hkdfExpand(crypto, key, hex("f0f1f2f3f4f5f6f7f8f9"), length),
          okm.slice(0, length),
        )
      }
      assert.throws(() => hkdfExpand(crypto, key, hex(""), 8161), RangeError)
    })

    test("AES-128-GCM (NIST case 2)", () => {
      const zero = (length: number) => new Uint8Array(length)
      assert.deepEqual(
        crypto.aes128GcmSeal(zero(16), zero(12), zero(16), zero(0)),
        hex("0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"),
      )
    })

    test("Ed25519 (RFC 8032 case 1)", () => {
      const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
      const publicKey = crypto.ed25519PublicKey(seed)
      assert.deepEqual(
        publicKey,
        hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
      )
      assert.deepEqual(
        crypto.sign(crypto.importSigningKey(seed), hex("")),
        hex(
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155" +
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
      )
    })

    test("HPKE base mode (RFC 9180 A.1.1)", () => {
      const recipient = hpkeDeriveKeyPair(
        crypto,
        hex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037"),
      )
      assert.deepEqual(
        recipient.publicKey,
        hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"),
      )
      const context = {
        info: hex("4f6465206f6e2061204772656369616e2055726e"),
        additionalData: hex("436f756e742d30"),
      }
      const plaintext = hex("4265617574792069732074727574682c20747275746820626561757479")
      const sealed = hpkeSeal(crypto, {
        ...context,
        recipientPublicKey: recipient.publicKey,
        ephemeralPrivateKey: hex(
          "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
        ),
        plaintext,
      })
      assert.deepEqual(sealed, {
        kemOutput: hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
        ciphertext: hex(
          "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9" +
            "6d8770ac83d07bea87e13c512a",
        ),
      })
      const recipientKey = crypto.importDhKey(recipient.privateKey)
      const open = (changes: Partial<Parameters<typeof hpkeOpen>[1]>) =>
        hpkeOpen(crypto, {
          ...context,
          ...sealed,
          recipientKey,
          recipientPublicKey: recipient.publicKey,
          ...changes,
        })
      assert.deepEqual(open({}), plaintext)
      assert.equal(open({ info: hex("00") }), undefined)
      assert.equal(open({ additionalData: hex("00") }), undefined)
      assert.equal(open({ kemOutput: new Uint8Array(32) }), undefined)
      assert.equal(open({ ciphertext: hex("00") }), undefined)
      assert.equal(
        hpkeSeal(crypto, {
          ...context,
          recipientPublicKey: new Uint8Array(32),
          ephemeralPrivateKey: new Uint8Array(32).fill(1),
          plaintext,
        }),
        undefined,
      )
    })
  })
}
