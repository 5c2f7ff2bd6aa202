/** The store in CQL on a real database, held to the contract of all stores. */
import { afterAll, beforeAll } from "vitest";
import { openCqlStore } from "../../src/server/store/cql.ts";
import { messageStoreContract, type OpenStore } from "../contract/message-store.ts";
import { removalsContract } from "../contract/message-store-removals.ts";
import { engines } from "../support/engines.ts";
import { type StoreKeyspace, storeKeyspace } from "../support/store-keyspace.ts";

let keyspace: StoreKeyspace;

beforeAll(async () => {
  keyspace = await storeKeyspace(engines().cql);
});
afterAll(() => keyspace.drop());

async function open(): Promise<OpenStore> {
  const openStore = () =>
    openCqlStore({
      session: keyspace.session,
      damaged: (error) => {
        throw error;
      },
    });
  let store = await openStore();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openStore();
      return store;
    },
    cleanup: async () => {
      await store.close();
      await keyspace.empty();
    },
  };
}

// What stands in a log that was not replaced, positions name: the later one in the log is another record, whatever its id.
for (const contract of [messageStoreContract, removalsContract])
  contract("CQL", open, { runs: 15, othersLaterBy: 1000 });
