import { layerOn, MemoryDisk } from "@mdk/storage-memory"
import { storageContract, type StorageSubject } from "@mdk/testing"

const subjectOf = (disk: MemoryDisk): StorageSubject => ({
  layer: layerOn(disk),
  failNextCommit: ({ applied, reason }) => disk.plant({ operation: "commit", reason, applied }),
  copy: () => Promise.resolve(subjectOf(disk.copy())),
})

storageContract("memory", () => Promise.resolve(subjectOf(new MemoryDisk())))
