/**
 * Test support, engines: runs before each file of `test/engines/` and waits until the engines of the run answer.
 */
import { inject } from "vitest";
import { cassandraAnswers, kafkaAnswers } from "../../scripts/engines/answers.mjs";
import { until } from "./until.ts";

const READY_WITHIN_MS = 150_000;

const { kafka, cql, missing } = inject("engines");
if (missing === undefined) {
  for (const [address, answers] of [[kafka, kafkaAnswers] as const, [cql, cassandraAnswers] as const]) {
    const port = Number(address.slice(address.lastIndexOf(":") + 1));
    await until(
      READY_WITHIN_MS,
      () => `the engine at ${address} to answer`,
      () =>
        answers(port).then(
          () => true,
          () => undefined,
        ),
    );
  }
}
