/**
 * The scenarios in which published implementations disagreed with OpenMLS, each played with the
 * roles filled by either side.
 *
 * @module
 */
import assert from "node:assert/strict"
import { Conversation, type ConversationOptions } from "./conversation.ts"
import type { InteropMember } from "./member.ts"

/** Which implementation each role runs on, by number of the person; repeats. */
export type Casting = ReadonlyArray<"ours" | "openmls">

/** A conversation with a cast. */
export class Stage {
  readonly conversation: Conversation
  readonly #casting: Casting
  #next = 0

  constructor(options: ConversationOptions, casting: Casting) {
    this.conversation = new Conversation(options)
    this.#casting = casting
  }

  /** The next person. */
  person(): Promise<InteropMember> {
    return this.conversation.person(
      this.#casting[this.#next++ % this.#casting.length] as "ours" | "openmls",
    )
  }

  /** A group of so many: the first founds it and adds the others in one commit. */
  async group(size: number): Promise<Array<InteropMember>> {
    const people: Array<InteropMember> = []
    for (let i = 0; i < size; i++) people.push(await this.person())
    const [founder, ...others] = people as [InteropMember, ...Array<InteropMember>]
    await this.conversation.found(founder)
    if (others.length > 0) await this.conversation.change(founder, { proposals: [], adds: others })
    return people
  }

  /** Every member commits a path in turn, so that no parent stays blank. */
  async warm(): Promise<void> {
    for (const member of this.conversation.members) {
      await this.conversation.change(member, { proposals: [], path: true })
    }
  }
}

/** A scenario; throws when the two sides disagree. */
export interface Scenario {
  /** What it shows. */
  readonly name: string
  /** True where OpenMLS members need public handshakes for it. */
  readonly publicOnly?: boolean
  /** True where the group must not have a dictionary from the start. */
  readonly withoutDictionary?: boolean
  /** Plays it. */
  readonly play: (stage: Stage) => Promise<void>
}

const at = (people: ReadonlyArray<InteropMember>, index: number): InteropMember => {
  const person = people[index]
  assert.ok(person)
  return person
}

const update = (component: number, data: string | null) =>
  ({ type: "app_data_update", component, data }) as const

/** All scenarios. */
export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "S1 create, add, Welcome, messages both ways",
    play: async (stage) => {
      await stage.group(2)
      await stage.conversation.chat()
    },
  },
  {
    name: "S2 self-update commits",
    play: async (stage) => {
      await stage.group(3)
      await stage.warm()
      await stage.conversation.chat()
    },
  },
  {
    name: "S3 remove one member",
    play: async (stage) => {
      const people = await stage.group(3)
      const { conversation } = stage
      await conversation.change(at(people, 0), { proposals: [], removes: [at(people, 1)] })
      await conversation.chat()
      await conversation.change(at(people, 2), { proposals: [], removes: [at(people, 0)] })
    },
  },
  {
    name: "S3b remove two members at once",
    play: async (stage) => {
      const people = await stage.group(5)
      await stage.warm()
      await stage.conversation.change(at(people, 3), {
        proposals: [],
        removes: [at(people, 1), at(people, 4)],
      })
      await stage.conversation.chat()
    },
  },
  {
    name: "S4 GroupContextExtensions alone (rename)",
    play: async (stage) => {
      const people = await stage.group(3)
      for (const [index, person] of people.entries()) {
        await stage.conversation.change(person, {
          proposals: [{
            type: "group_context_extensions",
            extensions: stage.conversation.extensions({ custom: `0${index}` }),
          }],
        })
      }
      await stage.conversation.chat()
    },
  },
  {
    name: "S5 GroupContextExtensions and remove",
    play: async (stage) => {
      const people = await stage.group(4)
      for (const [committer, removed] of [[0, 3], [1, 2]] as const) {
        await stage.conversation.change(at(people, committer), {
          proposals: [{
            type: "group_context_extensions",
            extensions: stage.conversation.extensions({ custom: `0${committer}ff` }),
          }],
          removes: [at(people, removed)],
        })
      }
      await stage.conversation.chat()
    },
  },
  {
    name: "S6 add and remove in one commit, the leaf is used again",
    play: async (stage) => {
      const people = await stage.group(4)
      await stage.warm()
      const first = await stage.person()
      await stage.conversation.change(at(people, 0), {
        proposals: [],
        removes: [at(people, 1)],
        adds: [first],
      })
      await stage.conversation.change(at(people, 3), {
        proposals: [],
        removes: [at(people, 0)],
        adds: [await stage.person(), await stage.person()],
      })
      await stage.conversation.chat()
    },
  },
  {
    name: "S7 everybody commits update, add and remove in turn",
    play: async (stage) => {
      await stage.group(4)
      for (let round = 0; round < 4; round++) {
        const { members } = stage.conversation
        const committer = at(members, round % members.length)
        await stage.conversation.change(committer, { proposals: [], path: true })
        await stage.conversation.change(committer, {
          proposals: [],
          adds: [await stage.person()],
          path: round % 2 === 0,
        })
        const others = stage.conversation.members.filter((m) => m !== committer)
        await stage.conversation.change(committer, {
          proposals: [],
          removes: [at(others, round % 3)],
        })
      }
      await stage.conversation.chat()
    },
  },
  {
    name: "S8 the left half is blank: the root is not on the filtered path",
    play: async (stage) => {
      const people = await stage.group(4)
      await stage.warm()
      await stage.conversation.change(at(people, 2), {
        proposals: [],
        removes: [at(people, 0), at(people, 1)],
      })
      await stage.warm()
      await stage.conversation.change(at(people, 3), {
        proposals: [],
        adds: [await stage.person(), await stage.person()],
        path: true,
      })
      await stage.warm()
      await stage.conversation.chat()
    },
  },
  {
    name: "S9 join with nested unmerged leaves",
    play: async (stage) => {
      const people = await stage.group(4)
      await stage.warm()
      await stage.conversation.change(at(people, 0), {
        proposals: [],
        adds: [await stage.person()],
      })
      await stage.conversation.change(at(stage.conversation.members, 4), {
        proposals: [],
        path: true,
      })
      for (let i = 0; i < 3; i++) {
        await stage.conversation.change(at(people, i), {
          proposals: [],
          adds: [await stage.person()],
        })
        if (i === 0) await stage.conversation.change(at(people, 1), { proposals: [], path: true })
      }
      await stage.conversation.change(at(stage.conversation.members, 6), {
        proposals: [],
        path: true,
      })
      await stage.conversation.change(at(people, 3), {
        proposals: [],
        adds: [await stage.person()],
      })
      await stage.warm()
      await stage.conversation.chat()
    },
  },
  {
    name: "S10 remove proposed by reference",
    play: async (stage) => {
      const people = await stage.group(4)
      const { conversation } = stage
      for (const [proposer, removed, committer] of [[0, 3, 1], [1, 2, 0]] as const) {
        const target = at(people, removed)
        await conversation.propose(at(people, proposer), {
          type: "remove",
          leaf: await target.leaf(),
        })
        await conversation.change(at(people, committer), {
          proposals: [],
          pending: true,
          leaves: [target],
        })
      }
      await conversation.chat()
    },
  },
  {
    name: "S11 leave by a Remove of oneself",
    play: async (stage) => {
      const people = await stage.group(3)
      const leaver = at(people, 1)
      await stage.conversation.propose(leaver, { type: "remove", leaf: await leaver.leaf() })
      await stage.conversation.change(at(people, 2), {
        proposals: [],
        pending: true,
        leaves: [leaver],
      })
      await stage.conversation.chat()
    },
  },
  {
    name: "S12 updates by reference, committed with and without other content",
    play: async (stage) => {
      const people = await stage.group(4)
      const { conversation } = stage
      await stage.warm()
      await conversation.propose(at(people, 0), { type: "update" })
      await conversation.propose(at(people, 1), { type: "update" })
      await conversation.change(at(people, 2), { proposals: [], pending: true })
      await conversation.propose(at(people, 2), { type: "update" })
      await conversation.change(at(people, 3), {
        proposals: [],
        pending: true,
        removes: [at(people, 0)],
        adds: [await stage.person()],
      })
      await conversation.chat()
    },
  },
  {
    name: "app_data_update: insert, replace and remove, inline, pathless",
    play: async (stage) => {
      const people = await stage.group(3)
      const { conversation } = stage
      await conversation.change(at(people, 0), {
        proposals: [update(0x8001, "aa"), update(0x8000, "bb".repeat(100))],
      })
      await conversation.change(at(people, 1), {
        proposals: [update(0x8001, "cc"), update(0x8005, "")],
      })
      await conversation.change(at(people, 2), {
        proposals: [update(0x8000, null), update(0x8001, null), update(0x8005, null)],
      })
      await conversation.change(at(people, 0), { proposals: [update(5, "01")], path: true })
      await conversation.chat()
    },
  },
  {
    name: "app_data_update by reference and together with add, remove and extensions",
    play: async (stage) => {
      const people = await stage.group(4)
      const { conversation } = stage
      await conversation.propose(at(people, 0), update(0x8001, "01"))
      await conversation.propose(at(people, 1), update(0x8002, "02"))
      await conversation.change(at(people, 2), { proposals: [], pending: true })
      conversation.note([update(0x8001, "01"), update(0x8002, "02")])
      for (const committer of [3, 0]) {
        await conversation.change(at(people, committer), {
          proposals: [
            {
              type: "group_context_extensions",
              extensions: conversation.extensions({ custom: `0${committer}` }).reverse(),
            },
            update(0x8001, committer === 0 ? null : "03"),
          ],
          adds: [await stage.person()],
        })
      }
      await conversation.change(at(people, 1), {
        proposals: [update(0x8003, "04")],
        removes: [at(people, 3)],
      })
      await conversation.chat()
    },
  },
  {
    name: "app_data_update creates the dictionary",
    withoutDictionary: true,
    play: async (stage) => {
      const people = await stage.group(2)
      await stage.conversation.change(at(people, 1), { proposals: [update(0x8001, "01")] })
      await stage.conversation.change(at(people, 0), { proposals: [update(0x8001, null)] })
      await stage.conversation.chat()
    },
  },
  {
    name: "self_remove: one and two leavers, alone and with add and remove",
    publicOnly: true,
    play: async (stage) => {
      const people = await stage.group(6)
      const { conversation } = stage
      await stage.warm()
      await conversation.propose(at(people, 5), { type: "self_remove" })
      await conversation.change(at(people, 0), {
        proposals: [],
        pending: true,
        leaves: [at(people, 5)],
      })
      await conversation.propose(at(people, 0), { type: "self_remove" })
      await conversation.propose(at(people, 1), { type: "self_remove" })
      await conversation.change(at(people, 2), {
        proposals: [],
        pending: true,
        leaves: [at(people, 0), at(people, 1)],
        adds: [await stage.person()],
      })
      await conversation.propose(at(people, 2), { type: "self_remove" })
      await conversation.change(at(people, 3), {
        proposals: [],
        pending: true,
        leaves: [at(people, 2)],
        removes: [at(people, 4)],
      })
      await conversation.chat()
    },
  },
  {
    name: "new signature key and new leaf content",
    play: async (stage) => {
      const people = await stage.group(3)
      const { conversation } = stage
      for (const person of people) {
        await conversation.change(person, { proposals: [], new_signer: true, path: true })
        await conversation.chat()
        await conversation.change(person, {
          proposals: [],
          leaf_extensions: [[0xff01, "beef"]],
          path: true,
        })
      }
      await conversation.change(at(people, 0), { proposals: [], removes: [at(people, 1)] })
      await conversation.chat()
    },
  },
  {
    name: "external PSKs, inline and by reference, with and without new members",
    play: async (stage) => {
      const people = await stage.group(3)
      const { conversation } = stage
      const known = async (member: InteropMember) => {
        await member.storePsk("01", "11".repeat(32))
        await member.storePsk("0202", "22".repeat(16))
        return member
      }
      for (const person of people) await known(person)
      const psk = (id: string) => ({ type: "psk", psk_id: id }) as const
      await conversation.change(at(people, 0), { proposals: [psk("01")] })
      await conversation.change(at(people, 1), { proposals: [psk("0202"), psk("01")], path: true })
      await conversation.propose(at(people, 0), psk("0202"))
      await conversation.propose(at(people, 1), psk("01"))
      await conversation.change(at(people, 2), { proposals: [], pending: true })
      for (const committer of [0, 1]) {
        await conversation.change(at(people, committer), {
          proposals: [psk("01"), psk("0202")],
          adds: [await known(await stage.person()), await known(await stage.person())],
        })
      }
      await conversation.chat()
    },
  },
  {
    name: "the ratchet tree beside the Welcome",
    play: async (stage) => {
      const people = await stage.group(3)
      await stage.warm()
      for (const person of people) {
        await stage.conversation.change(person, {
          proposals: [],
          adds: [await stage.person()],
          path: true,
          tree_beside: true,
        })
      }
      await stage.conversation.chat()
    },
  },
  {
    name: "sole survivor, then up again",
    play: async (stage) => {
      const people = await stage.group(4)
      await stage.warm()
      await stage.conversation.change(at(people, 3), {
        proposals: [],
        removes: [at(people, 0), at(people, 1), at(people, 2)],
      })
      await stage.conversation.change(at(people, 3), {
        proposals: [],
        adds: [await stage.person(), await stage.person()],
      })
      await stage.warm()
      await stage.conversation.chat()
    },
  },
]
