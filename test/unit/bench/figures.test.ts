/** What the load tool computes: schedule, latencies, plans, and what it reads from other programs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median } from "../../../src/bench/baseline.ts";
import { firstCores } from "../../../src/bench/cores.ts";
import { Latencies } from "../../../src/bench/latency.ts";
import { parseAddress, parseListening } from "../../../src/bench/launch.ts";
import { steadyLoad, stressLoad } from "../../../src/bench/load-plan.ts";
import { logGrowth } from "../../../src/bench/log-growth.ts";
import { splitServerArgs } from "../../../src/bench/options.ts";
import { parsePs, probeProcess } from "../../../src/bench/process-probe.ts";
import { Schedule } from "../../../src/bench/schedule.ts";

const basics = { textBytes: 64, keys: false, warmupMs: 0, durationMs: 1000, drainMs: 1000 };

describe("schedule", () => {
  it("gives what is due in the order of time, however it is postponed", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1 }), fc.array(fc.nat(500)), (dues, delays) => {
        const schedule = new Schedule(dues.length);
        for (const [who, due] of dues.entries()) schedule.add(due, who);
        const times = [...dues];
        let last = 0;
        for (const delay of delays) {
          expect(schedule.nextDue).toBe(Math.min(...times));
          expect(schedule.nextDue).toBeGreaterThanOrEqual(last);
          last = schedule.nextDue;
          expect(times[schedule.nextWho]).toBe(last);
          times[schedule.nextWho] = last + delay;
          schedule.postpone(last + delay);
        }
        for (const due of times.sort((a, b) => a - b)) {
          expect(schedule.nextDue).toBe(due);
          schedule.drop();
        }
        expect(schedule.nextDue).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });
});

describe("latencies", () => {
  it("are exact below 65 ms and within a thousandth above", () => {
    const latencies = new Latencies();
    for (let micros = 1; micros <= 100_000; micros++) latencies.record(micros);
    const { p50, p99, p999, max, count } = latencies.summary();
    expect(count).toBe(100_000);
    expect(p50).toBeCloseTo(50, 1);
    expect(Math.abs(p99 - 99)).toBeLessThan(0.2);
    expect(Math.abs(p999 - 99.9)).toBeLessThan(0.2);
    expect(Math.abs(max - 100)).toBeLessThan(0.2);
  });

  it("of nothing are none, and of one that seems negative zero", () => {
    const latencies = new Latencies();
    expect(latencies.summary()).toEqual({ p50: 0, p99: 0, p999: 0, max: 0, count: 0 });
    latencies.record(-5);
    expect(latencies.summary().count).toBe(1);
  });
});

describe("plans", () => {
  it("spread steady senders evenly over their period, rooms round robin", () => {
    const pace = { kind: "rate", everyMicros: 4000 } as const;
    const { users } = steadyLoad({ ...basics, users: 5, rooms: 3, roomsEach: 2, senders: 4, pace, atOnce: false });
    expect(users.map((user) => user.rooms)).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
      [0, 1],
      [1, 2],
    ]);
    expect(users.filter((user) => user.sends).map((user) => user.firstAfterMicros)).toEqual([0, 1000, 2000, 3000]);
  });

  it("have the older stress test's shape", () => {
    const { users, pace, durationMs } = stressLoad({
      ...basics,
      users: 2400,
      rooms: 24,
      timeScale: 1,
      chance: () => 0.5,
    });
    expect(users).toHaveLength(2400);
    expect(users.filter((user) => user.connectAtMs < 60_000)).toHaveLength(1200);
    expect(users.every((user) => user.connectAtMs < 180_000 && user.rooms.length === 5)).toBe(true);
    expect(users[0]?.firstAfterMicros).toBe(5_000_000);
    expect(pace).toEqual({ kind: "rate", everyMicros: 10_000_000 });
    expect(durationMs).toBe(181_000);
  });
});

describe("figures", () => {
  it("takes the median", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it("reads both ends of a growing log from the timeline", () => {
    const at = (seconds: number) => Math.min(seconds, 5) * 100_000 + Math.max(0, seconds - 5) * 50_000;
    const timeline = Array.from({ length: 160 }, (_, index) => {
      return { micros: index * 100_000, sent: 0, delivered: at(index / 10) };
    });
    const growth = logGrowth(timeline, 1_000_000);
    expect(growth.first).toBeCloseTo(100_000, -2);
    expect(growth.last).toBeCloseTo(50_000, -2);
    expect(growth.ratio).toBeCloseTo(0.5, 2);
  });

  it("reads what ps says on other systems", () => {
    expect(parsePs("  0:01.50  2048\n")).toEqual({ cpuMicros: 1_500_000, rssBytes: 2 << 20, peakBytes: 2 << 20 });
    expect(parsePs("1-02:03:04 1").cpuMicros).toBe((26 * 3600 + 184) * 1e6);
    expect(() => parsePs("")).toThrow(/gone/);
  });

  it("sees this very process work", () => {
    const probe = probeProcess(process.pid);
    const { cpuMicros, rssBytes } = probe.sample();
    // So much work, and not so long: a process that is not let near a core does none meanwhile.
    const begin = process.cpuUsage();
    const worked = (): number => process.cpuUsage(begin).user + process.cpuUsage(begin).system;
    while (worked() < 100_000);
    expect(probe.sample().cpuMicros - cpuMicros).toBeGreaterThan(10_000);
    expect(rssBytes).toBeGreaterThan(10e6);
  });

  it("reads where a server listens", () => {
    expect(parseListening('{"level":30,"tcp":"127.0.0.1:81","msg":"listening"}', "tcp")).toEqual({
      host: "127.0.0.1",
      port: 81,
    });
    expect(parseListening('{"tcp":"[::1]:81","msg":"listening"}', "tcp")).toEqual({ host: "::1", port: 81 });
    expect(parseListening('{"tcp":"x","msg":"not listening"}', "tcp")).toBeUndefined();
    expect(parseListening('{"tcp":"[::1]:81","http":"127.0.0.1:82","msg":"listening"}', "http")?.port).toBe(82);
    expect(() => parseAddress("8080")).toThrow("HOST:PORT");
  });

  it.each([
    [" 0-3\n", [0, 1]],
    [" 2,5-7\n", [2, 5]],
    [" 4-4,6", [4, 6]],
    ["3", [3]],
    ["", []],
  ])("takes the first two cores of those it may use, %j", (list, cores) => {
    expect(firstCores(list)).toEqual(cores);
  });

  it("tells environment from flags", () => {
    expect(splitServerArgs("A_B=1  VERBATIM_X=y --retain-days 3")).toEqual({
      environment: ["A_B=1", "VERBATIM_X=y"],
      args: ["--retain-days", "3"],
    });
    expect(splitServerArgs("")).toEqual({ environment: [], args: [] });
  });
});
