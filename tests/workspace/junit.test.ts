import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Case, leafCases, readJUnit } from "../../scripts/suite/junit.ts"

const outcomes = (cases: ReadonlyArray<Case>): ReadonlyArray<string> =>
  cases.map((one) =>
    `${one.name}: ${one.outcome}${one.reason === undefined ? "" : ` (${one.reason})`}`
  )

describe("JUnit reports", () => {
  it("of Node are nested and carry reasons", () => {
    const xml = `<testsuites>
      <testcase name="plain" time="0.1" classname="test" file="/a"/>
      <testsuite name="outer" tests="2">
        <testcase name="bad &lt;one&gt;"><failure type="x" message="1 &#10; 2">text</failure></testcase>
        <testcase name="no"><skipped type="skipped" message="no vectors"/></testcase>
      </testsuite>
      <testcase name="bare skip"><skipped type="skipped" message="true"/></testcase>
    </testsuites>`
    assert.deepEqual(outcomes(leafCases(readJUnit(xml))), [
      "plain: passed",
      "outer > bad <one>: failed",
      "outer > no: skipped (no vectors)",
      "bare skip: skipped",
    ])
  })

  it("of Deno list suites as cases, which do not count", () => {
    const xml = `<testsuites><testsuite name="./a.test.ts">
      <testcase name="outer" line="1"><failure message="1 test step failed">x</failure></testcase>
      <testcase name="outer &gt; one"></testcase></testsuite>
      <testsuite name="ext:deno_node/testing.ts">
      <testcase name="outer &gt; two"><failure message="m">y</failure></testcase>
      </testsuite></testsuites>`
    assert.deepEqual(outcomes(leafCases(readJUnit(xml))), [
      "outer > one: passed",
      "outer > two: failed",
    ])
  })

  it("keep a group that failed although none of its cases did", () => {
    const cases: ReadonlyArray<Case> = [
      { name: "outer", outcome: "failed" },
      { name: "outer > one", outcome: "passed" },
    ]
    assert.deepEqual(outcomes(leafCases(cases)), ["outer: failed", "outer > one: passed"])
  })
})
