import { after, before, test } from "node:test"
import process from "node:process"
import { conditionalSuite } from "../../conditional_suite.ts"
import { needsPeer, PeerProcess } from "./peer_process.ts"
import { randomWalk } from "./random_walk.ts"

// A failing seed replays with MDK_INTEROP_SEEDS=N; the full campaign is MDK_INTEROP_SEEDS=1..200.
const [first = 1, last = first] = (process.env["MDK_INTEROP_SEEDS"] ?? "1..4").split("..").map(
  Number,
)

conditionalSuite(`random walks with OpenMLS, seeds ${first} to ${last}`, needsPeer(), () => {
  let peer: PeerProcess
  before(() => {
    peer = new PeerProcess()
  })
  after(() => peer.stop())

  for (let seed = first; seed <= last; seed++) {
    test(
      `seed ${seed}`,
      { timeout: 120_000 },
      () => randomWalk({ peer, seed, operations: 40, maxMembers: 12 }),
    )
  }
})
