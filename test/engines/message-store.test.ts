/** The store in CQL on a real database, held to the contract of all stores. */

import { afterAll, beforeAll } from "vitest";
import { openCqlStore } from "../../src/server/store/cql.ts";
import { CQL_STORE_MIGRATIONS } from "../../src/server/store/cql-schema.ts";
import { messageStoreContract, type OpenStore } from "../contract/message-store.ts";
import { removalsContract } from "../contract/message-store-removals.ts";
import { type TestKeyspace, testKeyspace } from "../support/cql-keyspace.ts";
import { engines } from "../support/engines.ts";

let keyspace: TestKeyspace;

beforeAll(async () => {
  keyspace = await testKeyspace(engines().cql, CQL_STORE_MIGRATIONS);
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
