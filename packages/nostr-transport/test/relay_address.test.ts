import assert from "node:assert/strict"
import { test } from "node:test"
import { relayAddress } from "../src/mod.ts"

test("public addresses, in normal form", () => {
  for (
    const [written, normal] of [
      ["wss://relay.example", "wss://relay.example"],
      ["WSS://Relay.Example:443/", "wss://relay.example"],
      ["ws://relay.example:80", "ws://relay.example"],
      ["wss://relay.example:8443/path/", "wss://relay.example:8443/path/"],
      ["wss://relay.example/?room=1", "wss://relay.example/?room=1"],
      ["wss://8.8.8.8", "wss://8.8.8.8"],
      ["wss://[2606:4700::1]", "wss://[2606:4700::1]"],
      ["ws://abcdefghij234567.onion", "ws://abcdefghij234567.onion"],
    ] as const
  ) assert.equal(relayAddress(written, false), normal, written)
})

test("what is no relay address is refused, whatever is allowed", () => {
  for (
    const written of [
      "",
      "relay.example",
      "https://relay.example",
      "wss://",
      "wss:///path",
      "wss://user@relay.example",
      "wss://user:word@relay.example",
      "wss://relay.example/#part",
      "wss://relay.example/#",
      "wss://relay example",
      "file:///etc/passwd",
      `wss://relay.example/${"x".repeat(512)}`,
    ]
  ) {
    assert.equal(relayAddress(written, false), undefined, written)
    assert.equal(relayAddress(written, true), undefined, written)
  }
})

test("loopback, link-local and private addresses only when they are allowed", () => {
  for (
    const host of [
      "localhost",
      "LOCALHOST.",
      "a.localhost",
      "printer.local",
      "127.0.0.1",
      "127.1",
      "0x7f.1",
      "2130706433",
      "0.0.0.0",
      "10.1.2.3",
      "100.64.0.1",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "[::]",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "[fe80::1]",
      "[fd00::1]",
      "[ff02::1]",
    ]
  ) {
    assert.equal(relayAddress(`ws://${host}`, false), undefined, host)
    assert.notEqual(relayAddress(`ws://${host}`, true), undefined, host)
  }
  for (const host of ["172.32.0.1", "100.128.0.1", "11.0.0.1", "192.169.0.1", "[2001:db8::1]"]) {
    assert.notEqual(relayAddress(`ws://${host}`, false), undefined, host)
  }
})
