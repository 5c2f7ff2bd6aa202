/**
 * Test support, engines: the Kafka and the Cassandra of this run, for files in `test/engines/` alone. They are shared by
 * all of these files: a test takes a topic and a keyspace of its own, and never stops them. Whoever needs engines to
 * break starts a pair of their own, with `startKafka` and `startCassandra` of `scripts/engines/`.
 */
import { inject } from "vitest";
// For what it declares to vitest.
import "./engines-setup.ts";

/** Where the engines of this run listen, each as `HOST:PORT`. They answer before the first test file begins. */
export function engines(): { readonly kafka: string; readonly cql: string } {
  const { kafka, cql } = inject("engines");
  return { kafka, cql };
}
