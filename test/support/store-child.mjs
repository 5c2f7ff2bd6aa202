// Test support: a process of its own that reads a store beside its writer: for each line `ROOM` on its standard input
// it prints the checkpoint and the seqs of that room. Runs what was built.
import { createInterface } from "node:readline";
import { openLmdbStore } from "../../dist/server/store/lmdb.js";

const [dir] = process.argv.slice(2);
const store = await openLmdbStore({
  dir,
  readOnly: true,
  pause: async () => undefined,
  damaged: (error) => console.log(error.message),
});
console.log("ready");
for await (const room of createInterface({ input: process.stdin })) {
  const checkpoint = await store.checkpoint(0);
  const rows = await store.range(room, 1, Number.MAX_SAFE_INTEGER, { records: 1e9, bytes: 1e15 });
  console.log(`${checkpoint} ${rows.map(({ seq }) => seq).join(",")}.`);
}
await store.close();
