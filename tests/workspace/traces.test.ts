import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { traceFindings } from "../../scripts/checks/machine_traces.ts"

const found = (text: string, hosts: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  traceFindings([{ path: "a.md", text }], hosts).map(({ path, problem }) => `${path} ${problem}`)

// Put together at run time: this file is searched too.
const slash = "/"

describe("traces of a machine", () => {
  it("are private folders", () => {
    assert.deepEqual(found(`one\nsee ${slash}root${slash}x`), ["a.md:2 names a machine's folder"])
    assert.deepEqual(found(`${slash}work${slash}x`), ["a.md:1 names a machine's folder"])
  })

  it("are addresses of registries, known or configured", () => {
    const address = `https:${slash}${slash}npm-registry.example${slash}effect`
    assert.equal(found(address).length, 1)
    assert.equal(found("from cache.internal.example", ["cache.internal.example"]).length, 1)
  })

  it("are not ordinary paths and links", () => {
    assert.deepEqual(found("packages/network/x, ../work/x, https://github.com/a/b"), [])
  })
})
