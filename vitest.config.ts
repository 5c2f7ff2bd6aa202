/**
 * The test suites. Fast ones come first. Of those that start servers some files run beside each other, for most of their
 * time is waiting; the few that hold what others feel against a measure run one by one, so that nobody disturbs them.
 * Vitest runs each suite's global setup before the first suite: that of the engines only begins to start them, so that
 * they are up when their turn comes.
 */
import { defineConfig } from "vitest/config";

const SECOND = 1000;

/** Files of `test/faults/` that measure how late others hear, or how much memory a server takes. */
const MEASURING = ["come-back", "rude-clients", "rude-http", "slow-readers"].map(
  (name) => `test/faults/${name}.test.ts`,
);

/**
 * Files that only the long run (`VERBATIM_FAULTS=long`) has: nearly all that they hold is held once by another, in less
 * time. Of bans, invites and signed tokens in a browser (`web-admission`) the gate has the parts, and not the browser.
 */
const LONG_ONLY =
  process.env.VERBATIM_FAULTS === "long"
    ? []
    : [
        ...[
          ...["directory-away", "directory-cluster", "message-store-large", "golden", "bench", "protected"],
          ...["journey-http-paper", "journey-people"],
        ].map((name) => `test/engines/${name}.test.ts`),
        ...["bench-server", "haproxy", "pack"].map((name) => `test/journey/${name}.test.ts`),
        "test/journey/dashboards.test.ts",
        ...["keyboard", "other-sites", "web-admission", "web-list"].map((name) => `test/browser/${name}.test.ts`),
      ];

/** What every suite has. */
const suite = (name: string, groupOrder: number) => ({
  name,
  include: [`test/${name}/**/*.test.ts`],
  exclude: LONG_ONLY,
  pool: "forks" as const,
  maxWorkers: 2,
  sequence: { groupOrder },
});

/**
 * A suite in memory, or on sockets of its own process. Its files share the processes that run them, which loads the
 * sources once instead of once a file: no module has state that one could leave to the next.
 */
const quick = (name: string) => ({
  extends: true as const,
  test: { ...suite(name, 0), isolate: false, testTimeout: 60 * SECOND, hookTimeout: 60 * SECOND },
});

/** A suite that starts processes, and waits for them most of its time: three of its files run beside each other. */
const slow = (name: string, groupOrder: number) => ({
  extends: true as const,
  test: { ...suite(name, groupOrder), maxWorkers: 3, testTimeout: 180 * SECOND, hookTimeout: 120 * SECOND },
});

/** A suite whose files have the machine to themselves, one after another. */
const alone = (name: string, groupOrder: number, include: readonly string[]) => ({
  extends: true as const,
  test: { ...slow(name, groupOrder).test, include: [...include], maxWorkers: 1, fileParallelism: false },
});

/** The suite on a real Kafka and a real Cassandra. */
const onEngines = (groupOrder: number) => ({
  extends: true as const,
  test: {
    ...slow("engines", groupOrder).test,
    // Broker and database take a core by themselves.
    maxWorkers: 2,
    globalSetup: ["test/support/engines-setup.ts"],
    setupFiles: ["test/support/engines-ready.ts"],
    runner: "./test/support/engines-runner.ts",
  },
});

const faults = slow("faults", 1);

export default defineConfig({
  test: {
    // A test that is left out by `.only`, and a run without tests, is a mistake.
    allowOnly: false,
    passWithNoTests: false,
    restoreMocks: true,
    // A second, which is the default, is no deadline on a busy machine.
    expect: { poll: { timeout: 30 * SECOND } },
    projects: [
      quick("unit"),
      quick("contract"),
      quick("wire"),
      slow("journey", 1),
      slow("browser", 1),
      { ...faults, test: { ...faults.test, exclude: MEASURING } },
      alone("measuring", 2, MEASURING),
      onEngines(3),
    ],
  },
});
