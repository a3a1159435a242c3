#!/usr/bin/env node
// Plain JavaScript on purpose: an old runtime must be able to read it and say that it is too old,
// before a TypeScript file or a native module is loaded.
const old = (() => {
  if (globalThis.Deno !== undefined || globalThis.Bun !== undefined) return false
  const [major, minor] = process.versions.node.split(".").map(Number)
  return major < 22 || (major === 22 && minor < 19)
})()
if (old) {
  process.stderr.write(
    `mdk needs Node 22.19 or later, Deno or Bun; this is Node ${process.versions.node}\n`,
  )
  process.exitCode = 78
} else {
  await import("../src/main.ts")
}
