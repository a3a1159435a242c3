import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Manifest, manifestFindings } from "../../scripts/checks/member_manifests.ts"

const root = { workspace: ["./packages/a"], dependencies: { "@mdk/a": "workspace:*" } }
const deno: Manifest = {
  name: "@mdk/a",
  version: "1.2.3",
  license: "MIT",
  exports: { ".": "./src/mod.ts" },
}
const npm: Manifest = {
  name: "@mdk/a",
  private: true,
  type: "module",
  exports: { ".": "./src/mod.ts" },
  dependencies: { "@mdk/b": "workspace:*", effect: "4.1.0" },
}
const files = ["README.md", "LICENSE"]

const problems = (change: {
  readonly deno?: Manifest
  readonly npm?: Manifest
  readonly files?: ReadonlyArray<string>
}): ReadonlyArray<string> =>
  manifestFindings(root, [{
    folder: "a",
    deno: { ...deno, ...change.deno },
    npm: { ...npm, ...change.npm },
    files: change.files ?? files,
  }]).map((finding) => finding.problem)

describe("the manifests of a package", () => {
  it("pass when they agree", () => assert.deepEqual(problems({}), []))

  it("fail when the exports differ", () => {
    const found = problems({ npm: { exports: { ".": "./src/other.ts" } } })
    assert.match(found.join(), /exports differ/)
  })

  it("fail on a version range, a version in package.json or a public package", () => {
    assert.match(problems({ npm: { dependencies: { effect: "^4.1.0" } } }).join(), /exact version/)
    assert.match(problems({ npm: { version: "1.2.3" } }).join(), /belongs into deno.json/)
    assert.match(problems({ npm: { private: false } }).join(), /must be private/)
  })

  it("fail without a licence or a README", () => {
    assert.match(problems({ files: ["README.md"] }).join(), /missing/)
    assert.match(problems({ deno: { license: "" } }).join(), /licence/)
  })

  it("fail when two packages carry different versions", () => {
    const both = manifestFindings(
      {
        workspace: ["./packages/a", "./packages/b"],
        dependencies: { "@mdk/a": "*", "@mdk/b": "*" },
      },
      [
        { folder: "a", deno, npm, files },
        {
          folder: "b",
          deno: { ...deno, name: "@mdk/b", version: "1.2.4" },
          npm: { ...npm, name: "@mdk/b", dependencies: { effect: "4.0.0" } },
          files,
        },
      ],
    ).map((finding) => finding.problem)
    assert.ok(both.includes("all packages must carry one version"))
    assert.ok(both.includes("effect differs from another package's version"))
  })
})
