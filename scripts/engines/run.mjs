/**
 * `npm run engines`: one Kafka and one Cassandra for a developer at hand. Prints `kafka 127.0.0.1:PORT` and
 * `cql 127.0.0.1:PORT` when both answer, and runs until it is stopped; their data goes with them. An engine that ends by
 * itself ends the other, with exit code 1.
 */
import { startCassandra } from "./cassandra.mjs";
import { fetchAllJars, missingForEngines } from "./jars.mjs";
import { startKafka } from "./kafka.mjs";

/** The heaps, the compiler and the way to flush that the figures in the documentation were measured with. */
const KAFKA_HEAP_MIB = 1024;
const CASSANDRA_HEAP_MIB = 1536;

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => stop.abort());
const { signal } = stop;

/** Runs both; resolves with what went wrong, or with nothing when it was stopped. */
async function run() {
  const missing = await missingForEngines();
  if (missing !== undefined) return missing;
  const unfetched = await fetchAllJars(signal).then(
    () => undefined,
    (error) => error.message,
  );
  if (signal.aborted || unfetched !== undefined) return signal.aborted ? undefined : unfetched;
  const started = await Promise.allSettled([
    startKafka({ heapMiB: KAFKA_HEAP_MIB, isBrief: false, signal }),
    startCassandra({ heapMiB: CASSANDRA_HEAP_MIB, isBrief: false, commitLog: "periodic", signal }),
  ]);
  const engines = started.flatMap(({ value }) => (value === undefined ? [] : [value]));
  try {
    const failed = started.find(({ status }) => status === "rejected");
    if (signal.aborted) return undefined;
    if (failed !== undefined) return failed.reason.message;
    const [kafka, cassandra] = engines;
    console.log(`kafka ${kafka.address}`);
    console.log(`cql ${cassandra.address}`);
    const stopped = new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    return await Promise.race([stopped, ...engines.map(sayWhenItEnds)]);
  } finally {
    await Promise.all(engines.map((engine) => engine.remove()));
  }
}

async function sayWhenItEnds(engine) {
  await engine.ended;
  return `${engine.name} ended by itself; it said last:\n${await engine.lastWords()}`;
}

const problem = await run();
if (problem !== undefined) console.error(problem);
process.exitCode = problem === undefined ? 0 : 1;
