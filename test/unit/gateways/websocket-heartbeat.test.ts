/** The one timer that asks all connections for a sign of life. */
import { describe, expect, it } from "vitest";
import { Heartbeat } from "../../../src/server/gateways/websocket-heartbeat.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const SECOND = 1000;

/** A connection that notes when it was asked and judged. */
function pulse(clock: FakeClock) {
  const asked: number[] = [];
  const judged: number[] = [];
  const at = (): number => clock.monotonic() / SECOND;
  return { asked, judged, ask: () => void asked.push(at()), judge: () => void judged.push(at()) };
}

describe("the heartbeat", () => {
  it("WS-4 WIRE-20 asks each connection every 25 s, and judges it 10 s later", async () => {
    const clock = new FakeClock(0);
    const heartbeat = new Heartbeat(clock);
    const pulses = Array.from({ length: 60 }, () => pulse(clock));
    for (const one of pulses) heartbeat.watch(one);
    await clock.advance(110 * SECOND);
    for (const { asked, judged } of pulses) {
      expect(asked.length).toBeGreaterThanOrEqual(4);
      expect(asked.slice(1).map((at, index) => at - (asked[index] ?? 0))).toEqual(asked.slice(1).map(() => 25));
      expect(asked[0]).toBeLessThanOrEqual(25);
      // One that came in just before it was judged has not been asked: it can't have failed.
      const own = judged.filter((at) => at > (asked[0] ?? 0));
      expect(own).toEqual(asked.map((at) => at + 10).filter((at) => at <= 110));
    }
  });

  it("spreads the connections over the seconds, with one timer for all", async () => {
    const clock = new FakeClock(0);
    const heartbeat = new Heartbeat(clock);
    const pulses = Array.from({ length: 1000 }, () => pulse(clock));
    for (const one of pulses) heartbeat.watch(one);
    expect(clock.timers).toBe(1);
    await clock.advance(25 * SECOND);
    const seconds = new Map<number, number>();
    for (const { asked } of pulses) for (const at of asked) seconds.set(at, (seconds.get(at) ?? 0) + 1);
    expect([...seconds.values()]).toEqual(Array.from({ length: 25 }, () => 40));
    heartbeat.stop();
    expect(clock.timers).toBe(0);
  });

  it("asks nobody who has left", async () => {
    const clock = new FakeClock(0);
    const heartbeat = new Heartbeat(clock);
    const [stays, goes] = [pulse(clock), pulse(clock)];
    heartbeat.watch(stays);
    const leave = heartbeat.watch(goes);
    leave();
    leave();
    await clock.advance(60 * SECOND);
    expect(stays.asked.length).toBeGreaterThan(1);
    expect([...goes.asked, ...goes.judged]).toEqual([]);
  });
});
