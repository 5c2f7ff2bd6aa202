/** The SDK's listeners: each hears what it asked for, and none can silence another. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Listeners } from "../../../src/sdk/listeners.ts";

interface Events {
  readonly number: number;
  readonly word: string;
}

describe("listeners", () => {
  it("hear what they asked for until they stop", () => {
    const listeners = new Listeners<Events>();
    const heard: unknown[] = [];
    const stop = listeners.on("number", (number) => heard.push(number));
    listeners.on("word", (word) => heard.push(word));
    listeners.tell("number", 1);
    listeners.tell("word", "two");
    stop();
    stop();
    listeners.tell("number", 3);
    expect(heard).toEqual([1, "two"]);
  });

  it("may be the same function twice, and stop one by one", () => {
    const listeners = new Listeners<Events>();
    let count = 0;
    const add = (): void => {
      count += 1;
    };
    const stop = listeners.on("number", add);
    listeners.on("number", add);
    listeners.tell("number", 1);
    stop();
    listeners.tell("number", 2);
    expect(count).toBe(3);
  });

  it("that come while something is told hear the next thing", () => {
    const listeners = new Listeners<Events>();
    const heard: number[] = [];
    listeners.on("number", () => listeners.on("number", (number) => heard.push(number)));
    listeners.tell("number", 1);
    listeners.tell("number", 2);
    expect(heard).toEqual([2]);
  });

  describe("that throw", () => {
    // The runner's own ears are put aside: here an uncaught error is what is to be seen.
    const uncaught: unknown[] = [];
    const hear = (error: unknown): void => {
      uncaught.push(error);
    };
    let others: NodeJS.UncaughtExceptionListener[] = [];

    beforeEach(() => {
      others = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.on("uncaughtException", hear);
    });

    afterEach(() => {
      process.removeAllListeners("uncaughtException");
      for (const other of others) process.on("uncaughtException", other);
    });

    it("keep nobody from hearing, and are seen by the program", async () => {
      const listeners = new Listeners<Events>();
      const heard: number[] = [];
      const mistake = new Error("a mistake");
      listeners.on("number", () => {
        throw mistake;
      });
      listeners.on("number", (number) => heard.push(number));
      listeners.tell("number", 1);
      expect(heard).toEqual([1]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(uncaught).toEqual([mistake]);
    });
  });
});
