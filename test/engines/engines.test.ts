/**
 * The engines that the other tests here run on: that they are what they should be, and that they can be broken on
 * purpose and come back on the same port and data.
 */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { cassandraAnswers, kafkaAnswers } from "../../scripts/engines/answers.mjs";
import type { Engine } from "../../scripts/engines/engine.mjs";
import { startKafka } from "../../scripts/engines/kafka.mjs";
import { engines } from "../support/engines.ts";
import { isLong } from "../support/faults-run.ts";
import { startProgram } from "../support/programs.ts";
import { PROJECT_ROOT } from "../support/project-files.ts";
import { until } from "../support/until.ts";

const ENGINES = pathToFileURL(`${PROJECT_ROOT}scripts/engines/`).href;
const START_WITHIN_MS = 90_000;
/** How long what lasts a moment may take, on a machine that is busy with others. */
const WITHIN_MS = 30_000;

/** Whether a process is there. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));

/** Resolves once an engine answers; one request gives up after 2 s, which a busy machine may take. */
async function answering(name: string, answers: () => Promise<void>): Promise<void> {
  await until(
    WITHIN_MS,
    () => `${name} to answer`,
    () =>
      answers().then(
        () => true,
        () => undefined,
      ),
  );
}

describe("the engines of this run", () => {
  it("answer", async () => {
    await answering("Kafka", () => kafkaAnswers(portOf(engines().kafka)));
    await answering("Cassandra", () => cassandraAnswers(portOf(engines().cql)));
  });

  it("are not taken for each other", async () => {
    await expect(cassandraAnswers(portOf(engines().kafka))).rejects.toThrow();
    await expect(kafkaAnswers(portOf(engines().cql))).rejects.toThrow();
  });
});

describe("an engine of one's own", () => {
  const started: Engine[] = [];

  afterEach(async () => {
    await Promise.all(started.splice(0).map((engine) => engine.remove()));
  });

  if (isLong) {
    it("stands still, goes on, stops, starts on the same port and data, and leaves nothing behind", async () => {
      const kafka = await startKafka();
      started.push(kafka);
      const { port, dir } = kafka;
      kafka.pause();
      await expect(kafkaAnswers(port)).rejects.toThrow("no answer");
      kafka.resume();
      await answering("Kafka", () => kafkaAnswers(port));
      await kafka.stop();
      expect(kafka.pid).toBeUndefined();
      await expect(kafkaAnswers(port)).rejects.toThrow("ECONNREFUSED");
      await kafka.start();
      await answering("Kafka", () => kafkaAnswers(port));
      await kafka.remove();
      expect(existsSync(dir)).toBe(false);
    });
  }

  it("ends with whoever started it, kill -9 included, and its data goes with it", async () => {
    const script = `import("${ENGINES}kafka.mjs").then((module) => module.startKafka()).then((kafka) => console.log(kafka.pid, kafka.dir))`;
    const starter = startProgram(process.execPath, ["-e", script], { cwd: PROJECT_ROOT, env: {} });
    const [, pid = "", dir = ""] = await starter.printed(/^(\d+) (\/.*)$/m, START_WITHIN_MS);
    expect(isRunning(Number(pid))).toBe(true);
    expect(existsSync(dir)).toBe(true);
    await starter.end("SIGKILL");
    await until(
      WITHIN_MS,
      () => `process ${pid} and ${dir} to be gone`,
      () => (!isRunning(Number(pid)) && !existsSync(dir)) || undefined,
    );
  });
});

// In the gate the two above show the same of one engine; this starts two more.
if (isLong) {
  describe("npm run engines", () => {
    const run = () => startProgram(process.execPath, ["scripts/engines/run.mjs"], { cwd: PROJECT_ROOT, env: {} });
    const ready = /^kafka 127\.0\.0\.1:(\d+)\ncql 127\.0\.0\.1:(\d+)$/m;

    it("says where both listen, and takes them along when it is stopped", async () => {
      const program = run();
      const [, kafka, cql] = await program.printed(ready, START_WITHIN_MS);
      await answering("Kafka", () => kafkaAnswers(Number(kafka)));
      await answering("Cassandra", () => cassandraAnswers(Number(cql)));
      expect(await program.end("SIGTERM")).toMatchObject({ code: 0 });
      await expect(kafkaAnswers(Number(kafka))).rejects.toThrow("ECONNREFUSED");
      await expect(cassandraAnswers(Number(cql))).rejects.toThrow("ECONNREFUSED");
    });
  });
}
