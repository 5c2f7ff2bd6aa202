/**
 * The directory in CQL on a database in memory, held to the contract of all directories: with the answers of either
 * database, and with writes that time out though they were done, were not, or will be when somebody looks.
 */
import { openCqlDirectory } from "../../src/server/directory/cql.ts";
import { FakeCqlDatabase, type Fault, type Flavour, type Request } from "../support/fake-cql-database.ts";
import { directoryContract } from "./directory.ts";

const SIZE = { runs: 10, many: 200 };
/** Timeouts of one row in a row: a change gives up after more. */
const FAULTS_MAX = 3;

function contract(name: string, flavour: Flavour, newFaults: () => (request: Request) => Fault | undefined): void {
  directoryContract(
    name,
    async () => {
      const database = new FakeCqlDatabase(flavour);
      database.fault = newFaults();
      const open = async () => openCqlDirectory({ session: await database.session(), writer: "server" });
      let directory = await open();
      return {
        directory,
        reopen: async () => {
          await directory.close();
          directory = await open();
          return directory;
        },
        cleanup: () => directory.close(),
      };
    },
    SIZE,
  );
}

/** Each second conditional write times out, now with this outcome and now with that. */
function everySecond(): (request: Request) => Fault | undefined {
  const outcomes: readonly Fault[] = ["done", "lost", "accepted", "few"];
  const inARow = new Map<string, number>();
  let count = 0;
  return ({ query, params }) => {
    count += 1;
    // A row is named before or after its value.
    const row = query.startsWith("UPDATE") ? params.slice(1, -1).join() : params.slice(0, -1).join();
    const faults = inARow.get(row) ?? 0;
    const isFault = faults < FAULTS_MAX && (count * 7) % 9 < 5;
    inARow.set(row, isFault ? faults + 1 : 0);
    return isFault ? outcomes[count % outcomes.length] : undefined;
  };
}

contract("CQL with Cassandra's answers", "Cassandra", () => () => undefined);
contract("CQL with ScyllaDB's answers", "ScyllaDB", () => () => undefined);
contract("CQL where half of the conditional writes time out", "Cassandra", everySecond);
