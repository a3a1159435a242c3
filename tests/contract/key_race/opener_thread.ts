/**
 * A thread that opens one database and answers.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads"
import { answer, openStore } from "./opening.ts"

const { folder, order, store } = workerData
parentPort?.postMessage(await answer(await openStore(store, folder), order))
