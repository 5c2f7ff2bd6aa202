/** Every directory that there is, held to the contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbDirectory } from "../../src/server/directory/lmdb.ts";
import { MemoryDirectory } from "../../src/server/directory/memory.ts";
import { directoryContract } from "./directory.ts";

directoryContract("memory", async () => {
  let directory = new MemoryDirectory();
  return {
    directory,
    reopen: async () => {
      directory = directory.reopen();
      return directory;
    },
    cleanup: () => directory.close(),
  };
});

directoryContract("LMDB", async () => {
  const dir = await mkdtemp(join(tmpdir(), "verbatim-directory-"));
  const open = () => openLmdbDirectory({ dir: join(dir, "directory"), readOnly: false });
  let directory = await open();
  return {
    directory,
    reopen: async () => {
      await directory.close();
      directory = await open();
      return directory;
    },
    cleanup: async () => {
      await directory.close();
      await rm(dir, { recursive: true });
    },
  };
});
