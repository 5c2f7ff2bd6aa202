/**
 * Test support: several nodes over one log, one store, one directory and one bus of signals, all in memory and on one
 * clock that stands still until it is driven. A node can be killed, and stopped as SIGSTOP does it and woken again.
 */
import { pino } from "pino";
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import type { Clock, Timer } from "../../src/server/clock.ts";
import { type Core, startCore } from "../../src/server/core.ts";
import { MemoryDirectory } from "../../src/server/directory/memory.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog } from "../../src/server/log/memory.ts";
import type { LogRecord } from "../../src/server/record.ts";
import { MemorySignals } from "../../src/server/signals/memory.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import { Telemetry } from "../../src/server/telemetry/telemetry.ts";
import { FakeClock, SeededRandom } from "./fake-clock.ts";
import { OPEN_AUTH } from "./open-auth.ts";
import { KeptInMemory } from "./simulation-world.ts";

const BEGIN_MS = Date.UTC(2026, 0, 1);

/** One node, and what a test may do to it. */
export interface ClusterNode {
  readonly name: string;
  readonly core: Core;
  readonly log: MemoryLog;
  readonly telemetry: Telemetry;
  /** Batches that it wrote to the store: how many records. */
  readonly written: () => number;
  /** Ends as `kill -9` does: it never does or says anything again. */
  kill(): void;
  /** Stands still as under SIGSTOP, with all that it was about to do in hand. */
  pause(): void;
  /** Goes on. */
  resume(): void;
}

/** What keeps a node from doing anything. */
class Life {
  #state: "running" | "paused" | "dead" = "running";
  #held: (() => void)[] = [];

  get isRunning(): boolean {
    return this.#state === "running";
  }

  pause(): void {
    this.#state = "paused";
  }

  kill(): void {
    this.#state = "dead";
    this.#held = [];
  }

  resume(): void {
    this.#state = "running";
    const held = this.#held;
    this.#held = [];
    for (const go of held) go();
  }

  /** Does it now, or once the node goes on, or never. */
  run(action: () => void): void {
    if (this.#state === "running") action();
    else if (this.#state === "paused") this.#held.push(action);
  }

  /** Settles with `work`, once the node goes on. */
  answer<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(
        (value) => this.run(() => resolve(value)),
        (error: unknown) => this.run(() => reject(error)),
      );
    });
  }
}

/** The clock of one node: its timers stand still with it. */
class NodeClock implements Clock {
  readonly #clock: Clock;
  readonly #life: Life;

  constructor(clock: Clock, life: Life) {
    this.#clock = clock;
    this.#life = life;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, action: () => void): Timer {
    return this.#clock.after(delayMs, () => this.#life.run(action));
  }

  every(periodMs: number, action: () => void): Timer {
    // A timer that fires while its process is stopped fires once when it wakes.
    let isHeld = false;
    return this.#clock.every(periodMs, () => {
      if (isHeld) return;
      isHeld = !this.#life.isRunning;
      this.#life.run(() => {
        isHeld = false;
        action();
      });
    });
  }

  endOfTurn(action: () => void): void {
    this.#clock.endOfTurn(() => this.#life.run(action));
  }
}

/** A port as a node that may be stopped sees it: what it asks is asked when it runs, and answered when it runs. */
function through<Port extends object>(port: Port, life: Life): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(value, target, args);
        return result instanceof Promise ? life.answer(result) : result;
      };
    },
  });
}

/** Nodes over one memory. */
export class ClusterWorld {
  readonly clock = new FakeClock(BEGIN_MS);
  readonly random: SeededRandom;
  readonly disk: MemoryDisk;
  readonly store = new MemoryStore();
  readonly directory = new MemoryDirectory();
  readonly signals = new MemorySignals((error) => this.complaints.push(String(error)));
  /** What nodes logged as an error. */
  readonly complaints: string[] = [];
  #nodes = 0;

  constructor(seed: number, partitions: number) {
    this.random = new SeededRandom(seed);
    this.disk = new MemoryDisk(partitions);
  }

  /** All records that are durable, partition by partition. */
  get records(): readonly (readonly LogRecord[])[] {
    return this.disk.partitions.map(({ records }) => records);
  }

  /** Starts a node. */
  async start(): Promise<ClusterNode> {
    this.#nodes += 1;
    const name = `node ${this.#nodes}`;
    const life = new Life();
    const clock = new NodeClock(this.clock, life);
    const limits = { ...DEFAULT_LIMITS };
    const log = new MemoryLog({ disk: this.disk, limits, clock, fate: ALWAYS_DURABLE });
    let written = 0;
    const store = through(this.store, life);
    const counted = new Proxy(store, {
      get: (target, key) =>
        key === "write"
          ? async (batch: Parameters<MemoryStore["write"]>[0]) => {
              await target.write(batch);
              written += batch.records.length;
            }
          : Reflect.get(target, key),
    });
    const logger = pino(
      { level: "error", base: null },
      { write: (line) => void this.complaints.push(JSON.parse(line).msg) },
    );
    const telemetry = new Telemetry(logger, clock, false);
    const { signals } = this;
    const core = await this.clock.drive(
      startCore(
        {
          ...{ log, logFault: () => undefined, oldestToKeep: undefined, kept: new KeptInMemory(), store: counted },
          directory: through(this.directory, life),
          signals: {
            publish: (signal) => life.run(() => signals.publish(signal)),
            subscribe: (listener) => signals.subscribe((signal) => life.run(() => listener(signal))),
            close: () => Promise.resolve(),
          },
        },
        {
          ...{ node: name, rooms: [{ name: "general", description: "" }], limits },
          ...{ retention: { messages: undefined, days: undefined }, auth: OPEN_AUTH, clock, telemetry },
          chance: this.random.chance,
        },
      ),
      "a node to start",
      60_000,
    );
    return {
      ...{ name, core, log, telemetry, written: () => written },
      kill: () => {
        life.kill();
        log.crash();
      },
      pause: () => life.pause(),
      resume: () => life.resume(),
    };
  }
}
