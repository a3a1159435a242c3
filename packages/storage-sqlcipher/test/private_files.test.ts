import type { Verb } from "@mdk/core/services"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { test } from "node:test"
import { isPrivateGroupIn } from "../src/files/private_group.ts"
import { checkIdentity, inspectPrivateFile } from "../src/files/private_file.ts"
import {
  accessArguments,
  currentUserSid,
  restrictToCurrentUser,
} from "../src/files/windows_access.ts"
import { drivers } from "./support/drivers.ts"
import { given, open, refusedBecause } from "./support/open.ts"
import { withPlace } from "./support/place.ts"

const posix = process.platform === "win32" ? "POSIX modes do not exist on Windows" : false
const asRoot = process.geteuid?.() === 0 ? false : "only root can give a file to somebody else"

const modeOf = (path: string) => (lstatSync(path).mode & 0o7777).toString(8)
const put: Verb = { verb: "put", collection: "c", key: "k", value: new Uint8Array(10) }

/** Opens, writes, and answers the modes of everything while it is open. */
const modesWhileOpen = (path: string, driver = drivers[0]) =>
  open(
    path,
    (storage) =>
      Effect.gen(function* () {
        yield* storage.declare([{ name: "c", kind: "keyed", columns: {}, indexes: {} }])
        yield* storage.commit({ id: "0".repeat(32), verbs: [put] })
        const directory = dirname(path)
        const modes = readdirSync(directory).map((name) =>
          [name, modeOf(join(directory, name))] as const
        )
        return Object.fromEntries([["/", modeOf(directory)], ...modes])
      }),
    given(),
    driver,
  )

const PRIVATE = {
  "/": "700",
  "chat.db": "600",
  "chat.db-shm": "600",
  "chat.db-wal": "600",
  "chat.db.lock": "600",
  "chat.db.record.json": "600",
}

for (const driver of drivers) {
  for (const umask of [0o000, 0o022, 0o077, 0o777]) {
    test(`every file is 0600 in a directory 0700 with umask ${umask.toString(8)}, ${driver.name}`, {
      skip: posix,
    }, () =>
      withPlace(async ({ path }) => {
        const before = process.umask(umask)
        try {
          // A umask of 777 would hide the new directory from its own maker.
          if (umask === 0o777) mkdirSync(dirname(path), { mode: 0o700 })
          if (umask === 0o777) chmodSync(dirname(path), 0o700)
          assert.deepEqual(await modesWhileOpen(path, driver), PRIVATE)
        } finally {
          process.umask(before)
        }
      }))
  }
}

test("closing leaves the database, its lock and its record, nothing else", () =>
  withPlace(async ({ path }) => {
    await modesWhileOpen(path)
    assert.deepEqual(readdirSync(dirname(path)).sort(), [
      "chat.db",
      "chat.db.lock",
      "chat.db.record.json",
    ])
  }))

test("looser modes of our own are tightened", { skip: posix }, () =>
  withPlace(async ({ path }) => {
    await modesWhileOpen(path)
    chmodSync(dirname(path), 0o755)
    for (const name of readdirSync(dirname(path))) chmodSync(join(dirname(path), name), 0o644)
    assert.deepEqual(await modesWhileOpen(path), PRIVATE)
  }))

test(
  "symbolic links are refused, wherever one stands in for our own",
  { skip: posix },
  () =>
    withPlace(async ({ path, root }) => {
      await modesWhileOpen(path)
      const real = join(root, "real")
      for (const name of ["chat.db", "chat.db.lock", "chat.db.record.json"]) {
        const file = join(dirname(path), name)
        renameSync(file, real)
        symlinkSync(real, file)
        assert.equal(await refusedBecause(path), "unsafe-file", name)
        renameSync(real, file)
      }
      for (const name of ["chat.db-wal", "chat.db-shm", "chat.db-journal"]) {
        const file = join(dirname(path), name)
        symlinkSync("/dev/null", file)
        assert.equal(await refusedBecause(path), "unsafe-file", name)
        renameSync(file, join(root, "away"))
      }
      symlinkSync(dirname(path), join(root, "link"))
      assert.equal(await refusedBecause(join(root, "link", "chat.db")), "unsafe-file")
      assert.equal(await refusedBecause(path), "opened")
    }),
)

test(
  "hard links, directories and pipes are refused",
  { skip: posix },
  () =>
    withPlace(async ({ path, root }) => {
      await modesWhileOpen(path)
      linkSync(path, join(root, "second-name"))
      assert.equal(await refusedBecause(path), "unsafe-file")
      const other = join(root, "other", "chat.db")
      mkdirSync(other, { recursive: true })
      assert.equal(await refusedBecause(other), "unsafe-file")
      writeFileSync(join(root, "file"), "")
      assert.notEqual(await refusedBecause(join(root, "file", "chat.db")), "opened")
    }),
)

test("ancestors that others can write are refused, unless they are root's and sticky", {
  skip: posix,
}, () =>
  withPlace(async ({ path, root }) => {
    await modesWhileOpen(path)
    for (const mode of [0o777, 0o757, 0o702]) {
      chmodSync(root, mode)
      assert.equal(await refusedBecause(path), "unsafe-file", mode.toString(8))
    }
    if (process.geteuid?.() === 0) {
      chmodSync(root, 0o1777)
      assert.equal(await refusedBecause(path), "opened")
    }
    chmodSync(root, 0o700)
    assert.equal(await refusedBecause(path), "opened")
    assert.equal(await refusedBecause("/tmp/chat-in-a-shared-directory.db"), "unsafe-file")
  }))

test(
  "foreign owners are refused",
  { skip: posix || asRoot },
  () =>
    withPlace(async ({ path, root }) => {
      await modesWhileOpen(path)
      for (const owned of [path, `${path}.record.json`, `${path}.lock`, dirname(path), root]) {
        chownSync(owned, 4242, 4242)
        assert.equal(await refusedBecause(path), "unsafe-file")
        chownSync(owned, 0, 0)
      }
      assert.equal(await refusedBecause(path), "opened")
    }),
)

test(
  "a file that was exchanged is noticed by its number",
  { skip: posix },
  () =>
    withPlace(({ root }) => {
      const [one, two] = [join(root, "one"), join(root, "two")]
      writeFileSync(one, "1", { mode: 0o600 })
      writeFileSync(two, "2", { mode: 0o600 })
      const identity = inspectPrivateFile(one)?.identity
      assert.ok(identity !== undefined)
      checkIdentity(one, identity)
      renameSync(two, one)
      assert.throws(() => checkIdentity(one, identity), /exchanged/)
    }),
)

test("a group is private when it bears its only member's name", () => {
  const groups =
    "root:x:0:\nann:x:1000:\nbob:x:1001:bob\ncarol:x:1002:bob\nstaff:x:50:ann\ntwice:x:7:\ntwice:x:7:\n"
  assert.equal(isPrivateGroupIn(groups, 1000, "ann"), true)
  assert.equal(isPrivateGroupIn(groups, 1001, "bob"), true)
  assert.equal(isPrivateGroupIn(groups, 1002, "carol"), false)
  assert.equal(isPrivateGroupIn(groups, 50, "ann"), false)
  assert.equal(isPrivateGroupIn(groups, 7, "twice"), false)
  assert.equal(isPrivateGroupIn(groups, 9, "ann"), false)
})

test("Windows: the current user only, nothing inherited, by the system's own programs", () => {
  const printed = '"desk\\ann, the admin","S-1-5-21-1004336348-1177238915-682003330-1001"\r\n'
  const sid = "S-1-5-21-1004336348-1177238915-682003330-1001"
  assert.equal(currentUserSid(printed), sid)
  assert.throws(() => currentUserSid("nothing"), /access-control-failed/)
  assert.deepEqual(accessArguments("C:\\db", "directory", sid), [
    "C:\\db",
    "/inheritance:r",
    "/grant:r",
    `*${sid}:(OI)(CI)F`,
    "/q",
  ])
  const calls: Array<ReadonlyArray<string>> = []
  restrictToCurrentUser("C:\\db\\chat.db", "file", (program, values) => {
    calls.push([program, ...values])
    return printed
  })
  assert.match(calls[0]?.[0] ?? "", /System32\\whoami\.exe$/)
  assert.match(calls[1]?.[0] ?? "", /System32\\icacls\.exe$/)
  assert.equal(calls[1]?.[4], `*${sid}:F`)
  assert.throws(() =>
    restrictToCurrentUser("C:\\x", "file", () => {
      throw new Error("denied")
    }), /access-control-failed/)
})
