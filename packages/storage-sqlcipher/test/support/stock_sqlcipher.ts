import { Buffer } from "node:buffer"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"

const project = join(import.meta.dirname ?? "", "..", "..", "..", "..")

/** The stock program's path, or why it is not here. */
export const stockSqlcipher: { readonly path: string } | { readonly missing: string } = find()

function find(): typeof stockSqlcipher {
  const named = process.env["MDK_SQLCIPHER_PROGRAM"]
  if (named !== undefined) return { path: named }
  const script = join(project, ".ci", "sqlcipher-fetch.sh")
  const cache = join(project, ".cache", "sqlcipher")
  if (!existsSync(script)) return { missing: "no script that fetches the sqlcipher program" }
  const { status } = spawnSync("bash", [script, cache], { stdio: "ignore", timeout: 120_000 })
  if (status === 0) return { path: join(cache, "bin", "sqlcipher") }
  return { missing: `the sqlcipher program could not be fetched (exit ${status})` }
}

const prelude = (key: Uint8Array) =>
  `PRAGMA key="x'${Buffer.from(key).toString("hex")}'"; PRAGMA cipher_compatibility=4;`

/** Runs statements with the stock program; answers its output lines without those of the prelude. */
export function runStock(
  program: string,
  path: string,
  key: Uint8Array,
  sql: string,
): ReadonlyArray<string> {
  const printed = execFileSync(program, ["-batch", path], {
    input: `${prelude(key)}\n${sql}\n`,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
  })
  return printed.split("\n").filter((line) => line !== "" && line !== "ok")
}

/** Runs statements, waits for the last one's output, and kills the program while it has the file open. */
export function runStockAndKill(
  program: string,
  path: string,
  key: Uint8Array,
  sql: string,
): Promise<void> {
  const child = spawn(program, ["-batch", path], { stdio: ["pipe", "pipe", "inherit"] })
  return new Promise((resolve, reject) => {
    let printed = ""
    child.stdout.setEncoding("utf8")
    child.stdout.on("data", (chunk: string) => {
      printed += chunk
      if (printed.includes("written-and-open")) child.kill("SIGKILL")
    })
    child.on("error", reject)
    child.on(
      "exit",
      (_, signal) =>
        signal === "SIGKILL" ? resolve() : reject(new Error("the program ended by itself")),
    )
    child.stdin.write(`${prelude(key)}\n${sql}\nSELECT 'written-and-open';\n`)
  })
}
