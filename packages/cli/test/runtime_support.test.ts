import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { describe, it } from "node:test"
import { fileURLToPath } from "node:url"
import { refusal } from "../src/runtime_support.ts"

const entry = fileURLToPath(new URL("../bin/mdk.js", import.meta.url))
const onPath = spawnSync("node", ["--version"], { encoding: "utf8" }).stdout ?? ""
const [major = 0, minor = 0] = onPath.replace("v", "").split(".").map(Number)
const isOld = onPath !== "" && (major < 22 || (major === 22 && minor < 19))

describe("runtimes", () => {
  it("that are too old are refused by name", () => {
    assert.match(refusal({ node: "20.20.2" }) ?? "", /needs Node 22\.19.*this is Node 20\.20\.2/)
    assert.match(refusal({ node: "22.18.0" }) ?? "", /this is Node 22\.18\.0/)
    assert.match(refusal({ node: "24.0.0", deno: "2.8.9" }) ?? "", /this is Deno 2\.8\.9/)
    assert.match(refusal({ node: "24.0.0", bun: "1.2.0" }) ?? "", /this is Bun 1\.2\.0/)
    assert.match(refusal({}) ?? "", /unknown/)
  })

  it("that are new enough are not", () => {
    assert.equal(refusal({ node: "22.19.0" }), undefined)
    assert.equal(refusal({ node: "24.21.0" }), undefined)
    assert.equal(refusal({ node: "18.0.0", deno: "2.9.6" }), undefined)
    assert.equal(refusal({ node: "18.0.0", bun: "1.4.5" }), undefined)
    assert.equal(refusal({ node: "20.0.0", deno: "3.0.0" }), undefined)
  })

  it("are refused by the JavaScript entry before a TypeScript file is read", {
    skip: isOld ? false : "the node on PATH is not an old one",
  }, () => {
    const { status, stdout, stderr } = spawnSync("node", [entry, "--help"], { encoding: "utf8" })
    assert.equal(status, 78)
    assert.equal(stdout, "")
    assert.match(stderr, /^mdk needs Node 22\.19 or later, Deno or Bun; this is Node \S+\n$/)
  })
})
