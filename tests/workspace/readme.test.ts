import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { describe, it } from "node:test"

const root = resolve(import.meta.dirname ?? ".", "../..")
const read = (path: string) => readFileSync(join(root, path), "utf8")
const documents = [
  "README.md",
  "SECURITY.md",
  "AGENTS.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "packages/cli/README.md",
]

describe("the README", () => {
  it("shows the very file that is tested", () => {
    assert.ok(read("README.md").includes(`\`\`\`ts ignore\n${read("examples/ping_bot.ts")}\`\`\``))
  })

  it("names commands that exist", () => {
    const config: { tasks: Record<string, string> } = JSON.parse(read("deno.json"))
    const named = [...read("README.md").matchAll(/deno(?:@[\d.]+)? task (\w+)/g)].map((m) => m[1])
    assert.ok(named.length >= 4)
    for (const name of named) assert.ok(config.tasks[name ?? ""] !== undefined, name)
  })
})

describe("links to files", () => {
  for (const document of documents) {
    it(`of ${document} lead somewhere`, () => {
      for (const [, target] of read(document).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
        if (target === undefined || /^https?:/.test(target)) continue
        assert.ok(existsSync(join(root, dirname(document), target)), target)
      }
    })
  }
})
