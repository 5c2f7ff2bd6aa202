/**
 * The test suites. Fast ones share two workers; those that start servers, kill them or measure time run one file
 * after another, so that they do not disturb each other. Vitest runs each suite's global setup before the first suite:
 * that of the engines only begins to start them, so that they are up when their turn comes.
 */
import { defineConfig } from "vitest/config";

const SECOND = 1000;

/** A suite whose files run beside each other. */
const parallel = (name: string) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    pool: "forks" as const,
    maxWorkers: 2,
    testTimeout: 20 * SECOND,
    hookTimeout: 20 * SECOND,
    sequence: { groupOrder: 0 },
  },
});

/** A suite whose files run one by one. */
const serial = (name: string, groupOrder: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    pool: "forks" as const,
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120 * SECOND,
    hookTimeout: 60 * SECOND,
    sequence: { groupOrder },
  },
});

/** The suite on a real Kafka and a real Cassandra. */
const onEngines = (groupOrder: number) => {
  const suite = serial("engines", groupOrder);
  return {
    ...suite,
    test: {
      ...suite.test,
      globalSetup: ["test/support/engines-setup.ts"],
      setupFiles: ["test/support/engines-ready.ts"],
      runner: "./test/support/engines-runner.ts",
    },
  };
};

export default defineConfig({
  test: {
    // A test that is left out by `.only`, and a run without tests, is a mistake.
    allowOnly: false,
    passWithNoTests: false,
    restoreMocks: true,
    projects: [
      parallel("unit"),
      parallel("contract"),
      parallel("wire"),
      serial("journey", 1),
      serial("browser", 2),
      serial("faults", 3),
      onEngines(4),
    ],
  },
});
