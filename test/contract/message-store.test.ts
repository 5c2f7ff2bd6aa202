/** Every store that there is, held to the contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbStore } from "../../src/server/store/lmdb.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import { messageStoreContract, type OpenStore } from "./message-store.ts";
import { removalsContract } from "./message-store-removals.ts";

async function openMemory(): Promise<OpenStore> {
  let store = new MemoryStore();
  return {
    store,
    reopen: async () => {
      store = store.reopen();
      return store;
    },
    cleanup: () => store.close(),
  };
}

async function openLmdb(): Promise<OpenStore> {
  const dir = await mkdtemp(join(tmpdir(), "verbatim-store-"));
  const open = () =>
    openLmdbStore({
      dir: join(dir, "store"),
      readOnly: false,
      damaged: (error) => {
        throw error;
      },
    });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    cleanup: async () => {
      await store.close();
      await rm(dir, { recursive: true });
    },
  };
}

for (const contract of [messageStoreContract, removalsContract]) {
  contract("memory", openMemory, { runs: 40, othersLaterBy: 0 });
  contract("LMDB", openLmdb, { runs: 40, othersLaterBy: 0 });
}
