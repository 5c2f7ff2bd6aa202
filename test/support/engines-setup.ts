/**
 * Test support, engines: the global setup of the suite in `test/engines/`. One Kafka and one Cassandra for the whole
 * run, which start in the background while other suites run; or those that `VERBATIM_TEST_KAFKA` and `VERBATIM_TEST_CQL`
 * name. Runs in vitest's own process; the test files learn of it through `engines.ts`.
 */
import type { TestProject } from "vitest/node";
import { startCassandra } from "../../scripts/engines/cassandra.mjs";
import { freePorts } from "../../scripts/engines/engine.mjs";
import { fetchAllJars, missingForEngines } from "../../scripts/engines/jars.mjs";
import { startKafka } from "../../scripts/engines/kafka.mjs";

/** What the test files are told of the engines. */
export interface EnginesOfRun {
  readonly kafka: string;
  readonly cql: string;
  /** Why there are none on this machine; the tests are skipped with that. */
  readonly missing: string | undefined;
}

declare module "vitest" {
  export interface ProvidedContext {
    engines: EnginesOfRun;
  }
}

/** Starts the engines, or finds out that others are there; what it returns ends them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kafka = process.env["VERBATIM_TEST_KAFKA"] ?? "";
  const cql = process.env["VERBATIM_TEST_CQL"] ?? "";
  if (kafka !== "" && cql !== "") {
    project.provide("engines", { kafka, cql, missing: undefined });
    return async () => undefined;
  }
  const missing = await missingForEngines();
  if (missing !== undefined) {
    process.stderr.write(`\nThe tests on real engines are skipped. ${missing}\n\n`);
    project.provide("engines", { kafka: "", cql: "", missing });
    return async () => undefined;
  }
  const [kafkaPort = 0, cqlPort = 0] = await freePorts(2);
  project.provide("engines", { kafka: `127.0.0.1:${kafkaPort}`, cql: `127.0.0.1:${cqlPort}`, missing: undefined });
  const stop = new AbortController();
  const started = fetchAllJars(stop.signal).then(() =>
    Promise.allSettled([
      startKafka({ port: kafkaPort, signal: stop.signal }),
      // What becomes of a write that comes too late is tried on fakes: a machine that stands still must not make one.
      startCassandra({ port: cqlPort, signal: stop.signal, isPatient: true }),
    ]),
  );
  // Whoever waits for the engines sees that they are not there; here stands why.
  started.then(
    (results) => {
      for (const result of results) if (result.status === "rejected" && !stop.signal.aborted) sayWhy(result.reason);
    },
    (error: unknown) => sayWhy(error),
  );
  return async () => {
    stop.abort();
    const results = await started.catch(() => []);
    await Promise.all(results.map((result) => (result.status === "fulfilled" ? result.value.remove() : undefined)));
  };
}

function sayWhy(error: unknown): void {
  process.stderr.write(`\nThe engines of the tests: ${error instanceof Error ? error.message : String(error)}\n`);
}
