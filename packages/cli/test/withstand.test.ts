import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { after, before, describe, it } from "node:test"
import { KeyStore } from "@mdk/core/services"
import { Passphrase, WrappedFile } from "@mdk/keyring-adapters"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { EmbeddedRelay, type RelayFaults } from "@mdk/nostr-transport/relay"
import { type Ended, makeWorkplace, mdk, start } from "./run_mdk.ts"

const workplace = makeWorkplace()
const relay = new EmbeddedRelay()
const path = (...parts: ReadonlyArray<string>) => join(workplace.folder, ...parts)

before(async () => {
  await relay.start()
  const made = await mdk([...workplace.at("good"), "--relay", relay.url, "account", "create"])
  assert.equal(made.status, 0, made.stderr)
  const founded = await mdk([...workplace.at("good"), "group", "create", "Solo"])
  assert.equal(founded.status, 0, founded.stderr)
})
after(async () => {
  await relay.stop()
  workplace.remove()
})

/** One clear line, the right exit code, nothing on standard output. */
function isRefusal({ status, stdout, stderr }: Ended, code: number, line: RegExp): void {
  const lines = stderr.trimEnd().split("\n").filter((text) => !text.endsWith(" ..."))
  assert.equal(lines.length, 1, stderr)
  assert.match(lines[0] ?? "", line)
  assert.equal(status, code, stderr)
  assert.equal(stdout, "")
}

/** A copy of the good home, changed; then everything that was changed is put back. */
async function onCopy(
  name: string,
  harm: (database: string, home: string) => void | Promise<void>,
  check: (run: () => Promise<Ended>) => Promise<void>,
): Promise<void> {
  copyHome(path("good"), path(name))
  await harm(path(name, "mdk.db"), path(name))
  const before = readFileSync(path(name, "mdk.db"))
  await check(() => mdk([...workplace.at(name), "group", "list"]))
  assert.ok(readFileSync(path(name, "mdk.db")).equals(before), "the database was changed")
}

describe("a database that is not what it should be", () => {
  it("plaintext in its place", () =>
    onCopy("plaintext", (database) => {
      writeFileSync(database + ".new", plaintextDatabase())
      renameSync(database + ".new", database)
      chmodSync(database, 0o600)
    }, async (run) => isRefusal(await run(), 78, /^mdk: an unencrypted database/)))

  it("truncated", () =>
    onCopy("truncated", (database) => {
      truncateSync(database, Math.floor(statSync(database).size / 2) - 100)
    }, async (run) => {
      const ended = await run()
      assert.ok([65, 77].includes(ended.status ?? 0), ended.stderr)
      isRefusal(ended, ended.status ?? 0, /^mdk: .*(damaged|cut|not a database)/)
    }))

  it("another key's", () =>
    onCopy("wrong-key", (_, home) => replaceKey(home), async (run) => {
      isRefusal(await run(), 77, /^mdk: the key store's key does not open this database/)
    }))

  it("without its key", () =>
    onCopy(
      "no-key",
      (_, home) => {
        rmSync(join(home, "keys"), { recursive: true })
        mkdirSync(join(home, "keys"), { mode: 0o700 })
      },
      async (run) => isRefusal(await run(), 77, /^mdk: the database is there, but its key is not/),
    ))

  it("under another passphrase", async () => {
    writeFileSync(path("wrong-passphrase"), "incorrect horse\n", { mode: 0o600 })
    const ended = await mdk([
      "--home",
      path("good"),
      "--passphrase-file",
      path("wrong-passphrase"),
      "group",
      "list",
    ])
    isRefusal(ended, 77, /^mdk: .*passphrase/i)
  })

  it("a link to another file", () =>
    onCopy("link", (database) => {
      renameSync(database, `${database}.elsewhere`)
      symlinkSync(`${database}.elsewhere`, database)
    }, async (run) => isRefusal(await run(), 73, /^mdk: .*is a link/)))

  it("a copy, which is marked as one", async () => {
    copyHome(path("good"), path("copy"))
    for (let times = 0; times < 2; times++) {
      const ended = await mdk([...workplace.at("copy"), "group", "list"])
      isRefusal(ended, 65, /^mdk: this database is a restored or copied one/)
    }
  })

  it("and the good one still works", async () => {
    const { status, stdout, stderr } = await mdk([...workplace.at("good"), "group", "list"])
    assert.equal(status, 0, stderr)
    assert.match(stdout, /Solo/)
  })
})

describe("a second process on the same account", () => {
  it("is refused, and the first goes on", async () => {
    const first = start([...workplace.at("good"), "listen", "--for", "60"], { input: "" })
    await first.says("listening")
    isRefusal(await mdk([...workplace.at("good"), "group", "list"]), 75, /^mdk: .*another process/)
    first.child.kill("SIGTERM")
    assert.equal((await first.ended).status, 130)
    assert.equal((await mdk([...workplace.at("good"), "group", "list"])).status, 0)
  })

  it("that was killed does not keep the account", async () => {
    const first = start([...workplace.at("good"), "listen", "--for", "60"], { input: "" })
    await first.says("listening")
    first.child.kill("SIGKILL")
    await first.ended
    assert.equal((await mdk([...workplace.at("good"), "group", "list"])).status, 0)
  })
})

describe("a relay", () => {
  const send = () => mdk([...workplace.at("good"), "send", "Solo", "--timeout", "2", "hello"])
  const faults: ReadonlyArray<readonly [string, RelayFaults, number, RegExp]> = [
    ["that never answers", { neverAnswer: true }, 69, /^mdk: no relay/],
    ["that refuses events", { refuseEvents: "blocked: \u001b[2Jgo away" }, 76, /^mdk: .*refused/],
  ]
  for (const [what, fault, code, line] of faults) {
    it(what, async () => {
      relay.setFaults(fault)
      try {
        isRefusal(await send(), code, line)
      } finally {
        relay.setFaults({})
      }
    })
  }

  it("that cannot be reached", async () => {
    await relay.stop()
    try {
      isRefusal(await send(), 69, /^mdk: no relay could be reached/)
    } finally {
      await relay.start()
    }
    const again = await send()
    assert.equal(again.status, 0, again.stderr)
  })

  it("whose port is taken", async () => {
    const port = relay.url.split(":").at(-1) ?? ""
    isRefusal(await mdk(["relay", "--port", port]), 75, /^mdk: another program listens/)
  })
})

describe("a full disk", () => {
  const small = path("small")
  mkdirSync(small, { mode: 0o700 })
  const mounted = process.platform === "linux" &&
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", small]).status === 0
  after(() => {
    if (mounted) spawnSync("umount", [small])
  })

  it("changes nothing, and the next start works", {
    skip: mounted ? false : "a small file system cannot be mounted here",
  }, async () => {
    const home = workplace.at("small/home")
    const made = await mdk([...home, "--relay", relay.url, "account", "create"])
    assert.equal(made.status, 0, made.stderr)
    assert.equal((await mdk([...home, "group", "create", "Solo"])).status, 0)
    spawnSync("dd", ["if=/dev/zero", `of=${join(small, "filler")}`, "bs=4k"])
    const full = await mdk([...home, "send", "Solo", "no room for this"])
    isRefusal(full, 74, /^mdk: .*(disk is full|database)/)
    rmSync(join(small, "filler"))
    const { status, stdout, stderr } = await mdk([...home, "history", "Solo"])
    assert.equal(status, 0, stderr)
    assert.doesNotMatch(stdout, /no room for this/)
  })
})

/** Copies a home with the modes of its folders, which Node's own copy forgets. */
function copyHome(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  for (const folder of [to, join(to, "keys")]) chmodSync(folder, 0o700)
}

/** Puts another key in the place of the database's key, under the same passphrase. */
async function replaceKey(home: string): Promise<void> {
  const { keyId }: { keyId: string } = JSON.parse(readFileSync(join(home, "settings.json"), "utf8"))
  const name = { serviceId: "mdk-cli", keyId }
  const keys = WrappedFile.layer({
    directory: join(home, "keys"),
    passphrase: Passphrase.fromCallback(() => Promise.resolve("correct horse battery staple")),
  })
  const program = Effect.gen(function* () {
    const store = yield* KeyStore
    yield* store.replace(name, {
      expected: Option.getOrThrow(yield* store.get(name)),
      next: Redacted.make(new Uint8Array(32).fill(7)),
    })
  })
  await Effect.runPromise(Effect.provide(program, keys))
}

/** The first page of an empty SQLite database. */
function plaintextDatabase(): Uint8Array {
  const page = new Uint8Array(4096)
  page.set(new TextEncoder().encode("SQLite format 3\0"))
  page.set([0x10, 0x00, 1, 1, 0, 64, 32, 32], 16)
  page[31] = 1
  page[47] = 4
  page[59] = 1
  page.set([0x0d, 0, 0, 0, 0, 0x10, 0x00], 100)
  return page
}
