/**
 * What every adapter of signals must do: the contract of `src/server/signals/signals.ts` as tests, as far as one node
 * can show it.
 */
import { describe, expect, it } from "vitest";
import type { Signal, Signals } from "../../src/server/signals/signals.ts";
import { uuidOf } from "../support/log-records.ts";

/** Signals under test, with nobody listening. */
export interface OpenSignals {
  readonly signals: Signals;
  /** What listeners threw so far. */
  readonly thrown: readonly unknown[];
  /** Closes what is open and removes everything. */
  readonly cleanup: () => Promise<void>;
}

const typing = (number: number): Signal => ({
  type: "typing",
  node: "node",
  room: uuidOf(1),
  user: uuidOf(number),
  userName: `user ${number}`,
});

/** Runs the contract against one adapter. */
export function signalsContract(name: string, open: () => Promise<OpenSignals>): void {
  const withSignals = async (body: (opened: OpenSignals) => void | Promise<void>): Promise<void> => {
    const opened = await open();
    try {
      await body(opened);
    } finally {
      await opened.cleanup();
    }
  };

  describe(`signals: ${name}`, () => {
    it("tells every subscriber before publish returns, in order", () =>
      withSignals(({ signals }) => {
        const heard: [string, Signal][] = [];
        signals.subscribe((signal) => heard.push(["first", signal]));
        signals.subscribe((signal) => heard.push(["second", signal]));
        signals.publish(typing(1));
        signals.publish(typing(2));
        expect(heard).toEqual([
          ["first", typing(1)],
          ["second", typing(1)],
          ["first", typing(2)],
          ["second", typing(2)],
        ]);
      }));

    it("tells nothing of the past, and nothing after a subscription has ended", () =>
      withSignals(({ signals }) => {
        const heard: Signal[] = [];
        signals.publish(typing(1));
        const end = signals.subscribe((signal) => heard.push(signal));
        signals.publish(typing(2));
        end();
        end();
        signals.publish(typing(3));
        expect(heard).toEqual([typing(2)]);
      }));

    it("one function may subscribe twice, and each ends by itself", () =>
      withSignals(({ signals }) => {
        const heard: Signal[] = [];
        const listener = (signal: Signal): void => void heard.push(signal);
        const end = signals.subscribe(listener);
        signals.subscribe(listener);
        signals.publish(typing(1));
        end();
        signals.publish(typing(2));
        expect(heard).toEqual([typing(1), typing(1), typing(2)]);
      }));

    it("a listener that throws hurts nobody else", () =>
      withSignals(({ signals, thrown }) => {
        const heard: Signal[] = [];
        const failure = new Error("a listener's own fault");
        signals.subscribe(() => {
          throw failure;
        });
        signals.subscribe((signal) => heard.push(signal));
        expect(() => signals.publish(typing(1))).not.toThrow();
        signals.publish(typing(2));
        expect(heard).toEqual([typing(1), typing(2)]);
        expect(thrown).toEqual([failure, failure]);
      }));

    it("what a listener publishes comes after the signal at hand, for everybody", () =>
      withSignals(({ signals }) => {
        const heard: [string, Signal][] = [];
        signals.subscribe((signal) => {
          heard.push(["first", signal]);
          if (signal.type === "typing" && signal.user === uuidOf(1)) signals.publish(typing(2));
        });
        signals.subscribe((signal) => heard.push(["second", signal]));
        signals.publish(typing(1));
        expect(heard.map(([who, signal]) => [who, signal.type === "typing" ? signal.userName : signal.type])).toEqual([
          ["first", "user 1"],
          ["second", "user 1"],
          ["first", "user 2"],
          ["second", "user 2"],
        ]);
      }));

    it("subscriptions may come and go while a signal is told", () =>
      withSignals(({ signals }) => {
        const heard: string[] = [];
        const ends: (() => void)[] = [];
        signals.subscribe(() => {
          heard.push("first");
          for (const end of ends) end();
          signals.subscribe(() => heard.push("late"));
        });
        ends.push(signals.subscribe(() => heard.push("second")));
        signals.publish(typing(1));
        expect(heard).toEqual(["first"]);
      }));

    it("after close what is published goes nowhere", () =>
      withSignals(async ({ signals }) => {
        const heard: Signal[] = [];
        signals.subscribe((signal) => heard.push(signal));
        await signals.close();
        signals.subscribe((signal) => heard.push(signal));
        expect(() => signals.publish(typing(1))).not.toThrow();
        expect(heard).toEqual([]);
      }));
  });
}
