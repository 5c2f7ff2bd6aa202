/** Tests of the loop that reads the log: what fails for a moment costs a moment; what fails for good is said. */
import { describe, expect, it } from "vitest";
import { LogError, type MessageLog, NOT_ENCODED } from "../../../src/server/log/message-log.ts";
import { emptyProjection } from "../../../src/server/projector/snapshot.ts";
import { Tail } from "../../../src/server/projector/tail.ts";
import { silentTelemetry } from "../../../src/server/telemetry/create-telemetry.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { messages } from "../../support/log-records.ts";

/** A tail over batches of ten records, one in each read, until `fail` has something to throw. */
function tailOver(fail: (read: number) => Error | undefined, deliver: () => void = () => undefined) {
  const clock = new FakeClock(1_900_000_000_000);
  const positions: number[] = [];
  let reads = 0;
  const log: Pick<MessageLog, "read"> = {
    async *read(_partition, from) {
      reads += 1;
      const error = fail(reads);
      if (error !== undefined) throw error;
      yield { from, to: from + 10, records: messages(from, from + 10), encoded: NOT_ENCODED };
      const next = fail(reads + 1);
      if (next !== undefined) throw next;
    },
  };
  const tail = new Tail({
    ...{ partition: 0, position: 0, log: log as MessageLog, projection: emptyProjection(), clock },
    telemetry: silentTelemetry(),
    output: {
      deliver: (batch) => {
        positions.push(...batch.records.map(({ position }) => position));
        deliver();
      },
      store: () => undefined,
      snapshot: () => undefined,
    },
  });
  return { clock, positions, tail };
}

const noFiles = (): Error => Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });

describe("the tail", () => {
  it("PROJ-4 FAN-1 tries a read again that the machine fails, and goes on where it was, each record once", async () => {
    const { clock, positions, tail } = tailOver((read) => (read % 3 === 2 ? noFiles() : undefined));
    const running = tail.run(new AbortController().signal);
    await clock.settle();
    expect(positions).toHaveLength(10);
    expect(tail.fault).toContain("EMFILE");
    await clock.drive(running, "the log to end", 5000);
    expect(positions).toEqual(Array.from({ length: positions.length }, (_, index) => index));
    expect(positions.length).toBeGreaterThan(10);
    expect(tail.fault).toBeUndefined();
  });

  it("PROJ-4 ends where that goes on for too long, for those who listen would go deaf unawares", async () => {
    const { clock, tail } = tailOver((read) => (read > 1 ? noFiles() : undefined));
    const running = tail.run(new AbortController().signal);
    await expect(clock.drive(running, "the tail to give up", 15_000)).rejects.toThrow("EMFILE");
    expect(tail.fault).toContain("EMFILE");
  });

  it("LOG-6 ends at once where the log is damaged, and where what it hands on to fails", async () => {
    const damaged = tailOver(() => new LogError("damaged", 0, "no"));
    await expect(damaged.clock.drive(damaged.tail.run(new AbortController().signal), "the end", 0)).rejects.toThrow();
    const broken = tailOver(
      () => undefined,
      () => {
        throw new Error("a bug");
      },
    );
    await expect(broken.clock.drive(broken.tail.run(new AbortController().signal), "the end", 0)).rejects.toThrow();
    expect(broken.tail.fault).toBe("a bug");
  });
});
