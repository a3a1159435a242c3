/**
 * Groups as people see them.
 *
 * @module
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { GroupError, type ServiceError } from "../api/errors.ts"
import type { GroupId, PublicKey, RelayUrl } from "../api/ids.ts"
import type { Group } from "../api/values.ts"
import { GROUPS, type GroupStatus, MESSAGES, readGroupRecord } from "../group/mod.ts"
import type { Row, StorageService } from "../services/storage.ts"
import { toServiceError } from "./failure.ts"
import { readMessage } from "./message_rows.ts"
import { resolveRows } from "./timeline_reader.ts"

const MAX_RETENTION_SECONDS = 8_640_000_000_000n

/** A group by id; fails with `unknown-group`. */
export const readGroup = (
  storage: StorageService,
  id: string,
): Effect.Effect<Group, GroupError | ServiceError> =>
  Effect.flatMap(
    Effect.mapError(storage.get(GROUPS.name, id), toServiceError),
    (row): Effect.Effect<Group, GroupError | ServiceError> =>
      row._tag === "None"
        ? Effect.fail(new GroupError({ reason: "unknown-group" }))
        : groupOfRow(storage, row.value),
  )

/** The group in a row, with its newest message. */
export const groupOfRow = (
  storage: StorageService,
  row: Row,
): Effect.Effect<Group, ServiceError> =>
  Effect.gen(function* () {
    const { summary } = readGroupRecord(row.value)
    const newest = yield* storage.page(MESSAGES.name, {
      index: "timeline",
      equals: [String(row.key)],
      order: "descending",
      limit: 1,
    }).pipe(Effect.mapError(toServiceError))
    const [last] = yield* resolveRows(storage, newest.rows.map(readMessage))
    const retention = BigInt(summary.retention)
    const group: Group = {
      id: String(row.key) as GroupId,
      name: summary.name,
      description: summary.description,
      admins: summary.admins as ReadonlyArray<string> as ReadonlyArray<PublicKey>,
      members: summary.members as ReadonlyArray<string> as ReadonlyArray<PublicKey>,
      relays: summary.relays as ReadonlyArray<RelayUrl>,
      ...(retention === 0n ? {} : { retention: durationOf(retention) }),
      ...(last === undefined ? {} : { last }),
      status: row.columns["status"] as GroupStatus,
    }
    return group
  })

const durationOf = (seconds: bigint): Duration.Duration =>
  Duration.seconds(Number(seconds > MAX_RETENTION_SECONDS ? MAX_RETENTION_SECONDS : seconds))
