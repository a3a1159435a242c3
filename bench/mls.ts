/**
 * The MLS benchmark: every operation at several group sizes on our machine, on ts-mls 1.6.4 and on
 * OpenMLS, in turn within one run, and the time that ours spends inside of primitives.
 *
 * Options: `--sizes 2,32,…`, `--rounds N` and `--contestants NAME,…`. Without cargo the OpenMLS column stays empty. Where
 * `sodium-native` can be loaded, our machine runs on it too. The contestants take turns in short
 * batches; the table shows the best batch of each, which a busy machine disturbs least, and the
 * figures have the median of the batches as well. "Cold" is one measurement of the first path after
 * a bulk add.
 *
 * @module
 */
import { createRequire } from "node:module"
import { parseArgs } from "node:util"
import {
  type CryptoProvider,
  defaultCryptoProvider,
  makeSodiumCryptoProvider,
} from "../packages/core/src/crypto/mod.ts"
import { peerProgram } from "../tests/interop/openmls/peer_process.ts"
import { duration, mean, median, ratio } from "./measurement.ts"
import { type ColdTimes, type Contestant, type Operation, operations } from "./mls/contestant.ts"
import { OpenMlsContestant } from "./mls/openmls_contestant.ts"
import { OurContestant } from "./mls/our_contestant.ts"
import { TsMlsContestant } from "./mls/ts_mls_contestant.ts"

/** Figures of one operation at one size, in microseconds. */
export interface MlsFigure {
  /** Members. */
  readonly size: number
  /** What was done. */
  readonly operation: Operation | "seal and open" | "cold update: commit" | "cold update: process"
  /** Time of one operation in the best batch, by contestant. */
  readonly micros: Readonly<Record<string, number>>
  /** The same in the median batch. */
  readonly medians: Readonly<Record<string, number>>
  /** Time inside of primitives, by provider of ours. */
  readonly primitives: Readonly<Record<string, number>>
  /** Calls of primitives by our machine. */
  readonly calls: Readonly<Record<string, number>>
}

// Short batches, so that some fit between two interruptions.
const batchMicros = 10_000
const maxBatch = 100
// The slowest contestants at the largest size stop after their share of time.
const maxMicros = 3_000_000

function batchSize(oneMicros: number): number {
  return Math.max(1, Math.min(maxBatch, Math.floor(batchMicros / oneMicros)))
}

/** Times of one operation by contestant: one entry a batch. */
async function sample(
  contestants: ReadonlyArray<Contestant>,
  operation: Operation,
  rounds: number,
): Promise<ReadonlyMap<string, ReadonlyArray<number>>> {
  const batches = new Map<string, Array<number>>()
  for (const contestant of contestants) {
    const first = await contestant.run(operation, 1)
    if (first === undefined) continue
    const again = await contestant.run(operation, 3)
    batches.set(contestant.name, [Math.min(...first, ...again ?? [])])
  }
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const times = batches.get(contestant.name)
      if (times === undefined) continue
      const one = Math.min(...times)
      const count = batchSize(one)
      if (round > 0 && round * count * one > maxMicros) continue
      const result = await contestant.run(operation, count)
      if (result !== undefined) times.push(mean(result))
    }
  }
  return batches
}

function sodiumProvider(): CryptoProvider | undefined {
  try {
    const core = new URL("../packages/core/package.json", import.meta.url)
    return makeSodiumCryptoProvider(createRequire(core)("sodium-native"), defaultCryptoProvider())
  } catch {
    return undefined
  }
}

async function enter(wanted: (name: string) => boolean, say: (line: string) => void): Promise<{
  readonly ours: ReadonlyArray<OurContestant>
  readonly others: ReadonlyArray<Contestant>
}> {
  const ours = [new OurContestant("ours", defaultCryptoProvider())]
  const sodium = sodiumProvider()
  if (sodium !== undefined) ours.push(new OurContestant("sodium", sodium))
  const others: Array<Contestant> = []
  if (wanted("ts-mls")) others.push(await TsMlsContestant.start())
  if (wanted("OpenMLS")) {
    const { reason } = peerProgram()
    if (reason === undefined) others.push(new OpenMlsContestant())
    else say(`without OpenMLS: ${reason}`)
  }
  return { ours: ours.filter(({ name }) => wanted(name)), others }
}

function row(figure: MlsFigure): string {
  const { micros, primitives } = figure
  const ours = micros["ours"] ?? NaN
  const cell = (value: number | undefined, text: (v: number) => string): string =>
    (value === undefined || !Number.isFinite(value) ? "-" : text(value)).padStart(13)
  const against = (other: number | undefined): number | undefined =>
    other === undefined ? undefined : other / ours
  return figure.operation.padEnd(22) +
    cell(micros["ours"], duration) +
    cell(micros["sodium"], duration) +
    cell(micros["ts-mls"], duration) +
    cell(micros["OpenMLS"], duration) +
    cell(against(micros["ts-mls"]), ratio) +
    cell(micros["OpenMLS"] === undefined ? undefined : ours / micros["OpenMLS"], ratio) +
    cell(primitives["ours"], duration) +
    cell(primitives["ours"] === undefined ? undefined : ours / primitives["ours"], ratio)
}

const header = "operation".padEnd(22) +
  ["ours", "sodium", "ts-mls", "OpenMLS", "ts-mls/ours", "/OpenMLS", "primitives", "/primitives"]
    .map((title) => title.padStart(13)).join("")

/** Runs the benchmark and returns its figures; `say` gets the table line by line. */
export async function run(
  args: ReadonlyArray<string>,
  say: (line: string) => void,
): Promise<ReadonlyArray<MlsFigure>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sizes: { type: "string", default: "2,32,128,512,1024" },
      rounds: { type: "string", default: "12" },
      contestants: { type: "string" },
    },
  })
  const sizes = values.sizes.split(",").map(Number)
  const rounds = Number(values.rounds)
  if (![...sizes, rounds].every((n) => Number.isSafeInteger(n) && n >= 1) || sizes.includes(1)) {
    throw new RangeError("--sizes takes numbers from 2, --rounds a number from 1")
  }

  const wanted = values.contestants?.split(",")
  const { ours, others } = await enter((name) => wanted?.includes(name) ?? true, say)
  const contestants: ReadonlyArray<Contestant> = [...ours, ...others]
  const figures: Array<MlsFigure> = []
  const report = (figure: MlsFigure): void => {
    figures.push(figure)
    say(row(figure))
  }
  try {
    // Compiles everything once, so that "cold" means a cold tree and not cold code.
    for (const contestant of contestants) for (let i = 0; i < 3; i++) await contestant.setup(4)
    for (const size of sizes) {
      say("")
      say(`${size} members`)
      say(header)
      const cold = new Map<string, ColdTimes>()
      for (const contestant of contestants) {
        const times = await contestant.setup(size)
        if (times !== undefined) cold.set(contestant.name, times)
      }
      for (const operation of operations) {
        const batches = await sample(contestants, operation, rounds)
        const metered = ours.map((o) => {
          const one = Math.min(...batches.get(o.name) ?? [])
          return [o.name, o.primitives(operation, 8, batchSize(one))] as const
        })
        report({
          size,
          operation,
          micros: Object.fromEntries([...batches].map(([name, list]) => [name, Math.min(...list)])),
          medians: Object.fromEntries([...batches].map(([name, list]) => [name, median(list)])),
          primitives: Object.fromEntries(metered.map(([name, m]) => [name, m.micros])),
          calls: metered[0]?.[1].calls ?? {},
        })
        if (operation === "open 200 B") report(sealAndOpen(figures))
      }
      for (const part of ["commit", "process"] as const) {
        report({
          size,
          operation: `cold update: ${part}`,
          micros: Object.fromEntries([...cold].map(([name, times]) => [name, times[part]])),
          medians: {},
          primitives: {},
          calls: {},
        })
      }
    }
  } finally {
    for (const contestant of contestants) contestant.stop()
  }
  return figures
}

function sealAndOpen(figures: ReadonlyArray<MlsFigure>): MlsFigure {
  const [seal, open] = figures.slice(-2) as [MlsFigure, MlsFigure]
  const sum = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.keys(a).map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]))
  return {
    size: seal.size,
    operation: "seal and open",
    micros: sum(seal.micros, open.micros),
    medians: sum(seal.medians, open.medians),
    primitives: sum(seal.primitives, open.primitives),
    calls: {},
  }
}
