/** The directory in CQL on a real database, held to the contract of all directories. */

import { afterAll, beforeAll } from "vitest";
import { openCqlDirectory } from "../../src/server/directory/cql.ts";
import { CQL_DIRECTORY_MIGRATIONS } from "../../src/server/directory/cql-tables.ts";
import { directoryContract } from "../contract/directory.ts";
import { type TestKeyspace, testKeyspace } from "../support/cql-keyspace.ts";
import { engines } from "../support/engines.ts";

let keyspace: TestKeyspace;

beforeAll(async () => {
  keyspace = await testKeyspace(engines().cql, CQL_DIRECTORY_MIGRATIONS);
});
afterAll(() => keyspace.drop());

const open = () => openCqlDirectory({ session: keyspace.session, writer: "server" });

directoryContract(
  "CQL",
  async () => {
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
        await keyspace.empty();
      },
    };
  },
  { runs: 3, many: 200 },
);
