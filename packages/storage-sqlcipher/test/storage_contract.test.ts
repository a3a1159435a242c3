import { storageContract, type StorageSubject } from "@mdk/testing"
import { test } from "node:test"
import type { Driver } from "../src/driver/port.ts"
import { defaultDriver, genuineDriver } from "./support/drivers.ts"
import { faultyDriver } from "./support/faulty_driver.ts"
import { given, layerOf } from "./support/open.ts"
import { makePlace, type Place } from "./support/place.ts"

const CODES = {
  full: "SQLITE_FULL",
  busy: "SQLITE_BUSY",
  io: "SQLITE_IOERR_WRITE",
  "outcome-unknown": "SQLITE_IOERR_FSYNC",
} as const

const subjectOf = (driver: Driver, place: Place): StorageSubject => {
  const faulty = faultyDriver(driver)
  return {
    layer: layerOf(place.path, given(), faulty.driver),
    failNextCommit: ({ applied, reason }) =>
      faulty.plant({
        // Before COMMIT an I/O error is harmless, at COMMIT nobody knows.
        statement: reason === "io"
          ? "INSERT INTO mdk_batches"
          : reason === "busy"
          ? "BEGIN"
          : "COMMIT",
        code: CODES[reason],
        applied,
      }),
    copy: () => Promise.resolve(subjectOf(driver, place.copy())),
    dispose: () => Promise.resolve(place.remove()),
  }
}

storageContract(
  "sqlcipher, default driver, faults",
  () => Promise.resolve(subjectOf(defaultDriver, makePlace())),
)

if (typeof genuineDriver === "string") {
  test("Storage contract: sqlcipher, genuine driver", { skip: genuineDriver }, () => {})
} else {
  const driver = genuineDriver
  storageContract(
    "sqlcipher, genuine driver, faults",
    () => Promise.resolve(subjectOf(driver, makePlace())),
  )
}
