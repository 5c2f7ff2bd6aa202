/** Every store that there is, held to the contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbStore } from "../../src/server/store/lmdb.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import { messageStoreContract } from "./message-store.ts";

messageStoreContract("memory", async () => {
  let store = new MemoryStore();
  return {
    store,
    reopen: async () => {
      store = store.reopen();
      return store;
    },
    cleanup: () => store.close(),
  };
});

messageStoreContract("LMDB", async () => {
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
});
