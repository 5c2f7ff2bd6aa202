/** A start that waits for brokers and databases: it says so once, goes on by itself, and ends when it is told to. */
import { describe, expect, it } from "vitest";
import { EngineWait } from "../../../src/server/compose/engine-wait.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { createTelemetry } from "../../../src/server/telemetry/create-telemetry.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const SECOND = 1000;

function world(withinMs: number) {
  const clock = new FakeClock(1_800_000_000_000);
  const lines: { msg: string; level: number }[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const telemetry = createTelemetry({ level: "info", format: "json", stream, terminal: false, clock });
  const stop = new AbortController();
  const wait = new EngineWait({ withinMs, clock, telemetry, signal: stop.signal });
  return { clock, wait, stop, said: () => lines.map(({ msg }) => msg) };
}

const refused = new Error("connect ECONNREFUSED\n  127.0.0.1:9092");

describe("waiting for an engine", () => {
  it("tries each second until it answers, and tells each reason once", async () => {
    const { clock, wait, said } = world(60 * SECOND);
    let tries = 0;
    const reached = wait.for("kafka 127.0.0.1:9092", async () => {
      tries += 1;
      if (tries < 4) throw refused;
      if (tries === 4) throw new Error("no leader yet");
      return tries;
    });
    expect(await clock.drive(reached, "the engine", 10 * SECOND)).toBe(5);
    expect(said()).toEqual([
      "waiting for kafka 127.0.0.1:9092, 60 s more at most",
      "waiting for kafka 127.0.0.1:9092, 57 s more at most",
      "the engine answers",
    ]);
    expect(clock.timers).toBe(0);
  });

  it("STOP-1 gives up when the time is up, in one line that says why and what to do", async () => {
    const { clock, wait } = world(5 * SECOND);
    const waiting = wait.for("cql 127.0.0.1:9042", () => Promise.reject(refused));
    await expect(clock.drive(waiting, "the end", 10 * SECOND)).rejects.toThrow(
      new StartError(
        "cql 127.0.0.1:9042 did not answer within 5 s (connect ECONNREFUSED 127.0.0.1:9092); start it, name another, or wait longer with --engine-wait-seconds N",
      ),
    );
    expect(clock.now() - 1_800_000_000_000).toBeLessThanOrEqual(5 * SECOND);
  });

  it("gives up on an attempt that hangs, and lets go of what comes too late", async () => {
    const { clock, wait } = world(3 * SECOND);
    let arrive: (value: string) => void = () => undefined;
    const late = new Promise<string>((resolve) => {
      arrive = resolve;
    });
    const letGo: string[] = [];
    const waiting = wait.for(
      "cql 127.0.0.1:9042",
      () => late,
      async (value) => void letGo.push(value),
    );
    await expect(clock.drive(waiting, "the end", 10 * SECOND)).rejects.toThrow("(no answer)");
    arrive("a session");
    await clock.settle();
    expect(letGo).toEqual(["a session"]);
  });

  it("gives up with what was heard before, where the last attempt hangs", async () => {
    const { clock, wait } = world(5 * SECOND);
    let tries = 0;
    const waiting = wait.for("cql 127.0.0.1:9042", () => {
      tries += 1;
      return tries < 3 ? Promise.reject(refused) : new Promise(() => undefined);
    });
    await expect(clock.drive(waiting, "the end", 10 * SECOND)).rejects.toThrow("(connect ECONNREFUSED 127.0.0.1:9092)");
  });

  it("lets one that is at work go on, and tries again only within its time", async () => {
    const { clock, wait, stop } = world(3 * SECOND);
    let finish: (value: string) => void = () => undefined;
    const working = wait.atWork("cql 127.0.0.1:9042", () => new Promise<string>((resolve) => (finish = resolve)));
    await clock.advance(20 * SECOND);
    finish("tables");
    expect(await working).toBe("tables");
    const failing = wait.atWork("cql 127.0.0.1:9042", () => Promise.reject(refused));
    await expect(clock.drive(failing, "the end", 10 * SECOND)).rejects.toThrow(StartError);
    const called = wait.atWork("cql 127.0.0.1:9042", () => new Promise(() => undefined));
    stop.abort(new Error("told to stop"));
    await expect(called).rejects.toThrow("told to stop");
    expect(clock.timers).toBe(0);
  });

  it("has one deadline for all engines", async () => {
    const { clock, wait } = world(10 * SECOND);
    const later = clock.monotonic() + 8 * SECOND;
    const one = wait.for("one", async () => {
      if (clock.monotonic() < later) throw refused;
    });
    await clock.drive(one, "the first", 10 * SECOND);
    const other = wait.for("other", () => Promise.reject(refused));
    await expect(clock.drive(other, "the end", 5 * SECOND)).rejects.toThrow("other did not answer within 10 s");
    expect(clock.monotonic()).toBeLessThanOrEqual(10 * SECOND);
  });

  it("does not try again where waiting would not help", async () => {
    const { wait } = world(60 * SECOND);
    let tries = 0;
    const waiting = wait.for("kafka", async () => {
      tries += 1;
      throw new StartError("another topic");
    });
    await expect(waiting).rejects.toThrow("another topic");
    expect(tries).toBe(1);
  });

  it("STOP-1 ends at once when the server is asked to stop", async () => {
    for (const attempt of [() => Promise.reject(refused), () => new Promise<never>(() => undefined)]) {
      const { clock, wait, stop } = world(60 * SECOND);
      const waiting = wait.for("kafka", attempt);
      const ended = waiting.catch((error: unknown) => error);
      await clock.advance(1500);
      stop.abort();
      expect(await ended).toBe(stop.signal.reason);
      expect(clock.timers).toBe(0);
    }
  });
});
