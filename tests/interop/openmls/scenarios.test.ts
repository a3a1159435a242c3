import { after, before, test } from "node:test"
import { conditionalSuite } from "../../conditional_suite.ts"
import { needsPeer, PeerProcess } from "./peer_process.ts"
import { type Casting, scenarios, Stage } from "./scenarios.ts"

const castings: ReadonlyArray<Casting> = [
  ["ours", "openmls"],
  ["openmls", "ours"],
  ["ours", "ours", "openmls"],
  ["openmls", "openmls", "ours"],
]

for (const privateHandshakes of [false, true]) {
  const form = privateHandshakes ? "PrivateMessage" : "PublicMessage"
  conditionalSuite(`scenarios with OpenMLS, handshakes as ${form}`, needsPeer(), () => {
    let peer: PeerProcess
    let seed = 1000
    before(() => {
      peer = new PeerProcess()
    })
    after(() => peer.stop())

    for (const { name, play, publicOnly, withoutDictionary } of scenarios) {
      if (privateHandshakes && publicOnly) continue
      test(name, { timeout: 120_000 }, async () => {
        for (const casting of castings) {
          const dictionary = !withoutDictionary
          await play(new Stage({ peer, seed: seed++, privateHandshakes, dictionary }, casting))
        }
      })
    }
  })
}
