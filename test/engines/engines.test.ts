/**
 * The engines that the other tests here run on: that they are what they should be, and that they can be broken on
 * purpose and come back on the same port and data.
 */
import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { cassandraAnswers, kafkaAnswers } from "../../scripts/engines/answers.mjs";
import type { Engine } from "../../scripts/engines/engine.mjs";
import { startKafka } from "../../scripts/engines/kafka.mjs";
import { engines } from "../support/engines.ts";

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));

describe("the engines of this run", () => {
  it("answer", async () => {
    await expect(kafkaAnswers(portOf(engines().kafka))).resolves.toBeUndefined();
    await expect(cassandraAnswers(portOf(engines().cql))).resolves.toBeUndefined();
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

  it("stands still, goes on, stops, starts on the same port and data, and leaves nothing behind", async () => {
    const kafka = await startKafka();
    started.push(kafka);
    const { port, dir } = kafka;
    kafka.pause();
    await expect(kafkaAnswers(port)).rejects.toThrow("no answer");
    kafka.resume();
    await expect(kafkaAnswers(port)).resolves.toBeUndefined();
    await kafka.stop();
    expect(kafka.pid).toBeUndefined();
    await expect(kafkaAnswers(port)).rejects.toThrow("ECONNREFUSED");
    await kafka.start();
    await expect(kafkaAnswers(port)).resolves.toBeUndefined();
    await kafka.remove();
    expect(existsSync(dir)).toBe(false);
  });
});
