/**
 * Reads the JUnit reports of the three test runners into one list of cases.
 *
 * The dialects differ: Node and Bun nest suites, Deno lists a suite as one more case beside its
 * steps and names the steps `suite > case`; only Node gives the reason of a skip.
 *
 * @module
 */

/** One test case. */
export interface Case {
  /** Full name, suites and case joined by ` > `. */
  readonly name: string
  /** How it ended. */
  readonly outcome: "passed" | "failed" | "skipped"
  /** Why it was skipped, where the runner says so. */
  readonly reason?: string
}

interface Attributes {
  readonly [name: string]: string
}

/** Reads a report. A suite that only groups cases is not a case of its own. */
export function readJUnit(xml: string): ReadonlyArray<Case> {
  const cases: Array<Case> = []
  const suites: Array<string> = []
  let open: { name: string; outcome: Case["outcome"]; reason?: string } | undefined
  const close = () => {
    if (open !== undefined) cases.push(open)
    open = undefined
  }
  for (const tag of xml.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>/g)) {
    const [, end, element, written = "", empty] = tag
    const attributes = readAttributes(written)
    if (element === "testsuite") {
      if (end === "/") suites.pop()
      else if (empty !== "/") suites.push(attributes["name"] ?? "")
    } else if (element === "testcase") {
      if (end === "/") {
        close()
        continue
      }
      open = { name: [...suites, attributes["name"] ?? ""].join(" > "), outcome: "passed" }
      if (empty === "/") close()
    } else if (open !== undefined && end !== "/") {
      if (element === "failure" || element === "error") open.outcome = "failed"
      if (element === "skipped") {
        open.outcome = "skipped"
        const reason = attributes["message"]
        if (reason !== undefined && reason !== "true") open.reason = reason
      }
    }
  }
  return cases
}

/**
 * Drops what only groups other cases (Deno), and the file name that Deno and Bun put in front.
 * A group that failed although none of its cases did (a hook) stays, as a failure.
 */
export function leafCases(cases: ReadonlyArray<Case>): ReadonlyArray<Case> {
  const plain = cases.map((one) => ({
    ...one,
    name: one.name.replace(/^(\S*\.test\.ts|ext:\S+) > /, ""),
  }))
  const children = (parent: Case): ReadonlyArray<Case> =>
    plain.filter((one) => one !== parent && one.name.startsWith(`${parent.name} > `))
  return plain.filter((one) => {
    const below = children(one)
    if (below.length === 0) return true
    return one.outcome === "failed" && !below.some((child) => child.outcome === "failed")
  })
}

function readAttributes(written: string): Attributes {
  const attributes: Record<string, string> = {}
  for (const [, name, value] of written.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    if (name !== undefined && value !== undefined) attributes[name] = unescape(value)
  }
  return attributes
}

function unescape(text: string): string {
  return text.replace(/&(#(\d+)|lt|gt|quot|apos|amp);/g, (all, name: string, code?: string) => {
    if (code !== undefined) return String.fromCodePoint(Number(code))
    return { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" }[name] ?? all
  })
}
