import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { decodeHex } from "@mdk/core/codec"
import { eventId, parsePublicKey, type PublicKey } from "@mdk/core/identity"
import {
  contentOf,
  isSystemRowType,
  systemRow,
  type SystemRowData,
  systemRowId,
  systemRowText,
} from "../../src/message/mod.ts"
import { mdkHead, needsMdkHead } from "../mdk_vectors.ts"

describe("system rows", () => {
  it("are the vector of the specification", () => {
    const actor = parsePublicKey("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    const row = systemRow("group_disbanded", { actor })
    assert.equal(
      row.content,
      `{"v":1,"system_type":"group_disbanded","text":"Group disbanded","data":{"actor":"${actor}"}}`,
    )
    assert.equal(
      eventId({ ...row, pubkey: actor, created_at: 1_700_000_000 }),
      "126e47076e4d0a75ed260b279c33ed433acd764fc80e2de2e0315a64116d1f52",
    )
  })

  it("say what happened in plain English", () => {
    assert.equal(systemRowText("member_left"), "Member left")
    assert.ok(isSystemRowType("member_left"))
    assert.ok(!isSystemRowType("toString") && !isSystemRowType("other"))
  })

  it("are shown as facts only when this device wrote them", () => {
    const row = systemRow("group_renamed", { name: "New", old_name: "Old" })
    assert.deepEqual(contentOf(row, true), {
      _tag: "System",
      type: "group_renamed",
      text: "Group renamed",
      data: { name: "New", old_name: "Old" },
    })
    assert.equal(contentOf(row, false)._tag, "Other")
    assert.deepEqual(contentOf(systemRow("group_avatar_changed"), true), {
      _tag: "System",
      type: "group_avatar_changed",
      text: "Group avatar changed",
      data: {},
    })
  })

  it("have an id of their own for each group and epoch", () => {
    const row = systemRow("group_avatar_changed")
    const ids = [[1, 1n], [2, 1n], [1, 2n], [1, 1n]].map(([group, epoch]) =>
      systemRowId(row, { groupId: new Uint8Array([Number(group)]), epoch: BigInt(epoch ?? 0) })
    )
    assert.equal(new Set(ids).size, 3)
    assert.equal(ids[0], ids[3])
  })
})

interface Codecs {
  readonly system_rows: ReadonlyArray<{
    readonly change: {
      readonly change: string
      readonly actor: PublicKey | null
      readonly data: Readonly<Record<keyof SystemRowData, string | number | null>>
    }
    readonly content: string
    readonly epoch: number
    readonly mdk_storage_id: string
    readonly mls_group_id: string
    readonly nip01_id_at_1700000000: string
    readonly sender: string
    readonly tags: ReadonlyArray<ReadonlyArray<string>>
  }>
}

describe("system rows of MDK", needsMdkHead, () => {
  it("have the same content and both ids", () => {
    const { system_rows } = mdkHead<Codecs>("codecs.json")
    assert.equal(system_rows.length, 11)
    for (const expected of system_rows) {
      const { change, actor, data } = expected.change
      assert.ok(isSystemRowType(change), change)
      const facts = Object.entries({ ...data, actor }).filter(([, value]) => value !== null)
      const row = systemRow(change, Object.fromEntries(facts))
      assert.equal(row.content, expected.content)
      assert.deepEqual(row.tags, expected.tags)
      const id = eventId({ ...row, pubkey: expected.sender, created_at: 1_700_000_000 })
      assert.equal(id, expected.nip01_id_at_1700000000)
      assert.equal(
        systemRowId(row, {
          groupId: decodeHex(expected.mls_group_id),
          epoch: BigInt(expected.epoch),
          ...(actor === null ? {} : { actor }),
        }),
        expected.mdk_storage_id,
      )
    }
  })
})
