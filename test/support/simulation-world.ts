/**
 * Test support: a whole core on memory adapters, with a clock, a disk and connections that the test drives. A crash
 * leaves what was durable; the next core starts from that.
 */
import { pino } from "pino";
import { DEFAULT_LIMITS, type Limits } from "../../src/protocol/limits.ts";
import type { Retention } from "../../src/server/config/config.ts";
import { type Core, startCore } from "../../src/server/core.ts";
import { MemoryDirectory } from "../../src/server/directory/memory.ts";
import { ALWAYS_DURABLE, type Fate, MemoryDisk, MemoryLog } from "../../src/server/log/memory.ts";
import type { KeptSnapshots } from "../../src/server/projector/fold-starts.ts";
import type { LogRecord } from "../../src/server/record.ts";
import { MemorySignals } from "../../src/server/signals/memory.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import type { Snapshot } from "../../src/server/store/message-store.ts";
import { Telemetry } from "../../src/server/telemetry/telemetry.ts";
import { publicRoomId } from "../../src/server/uuid.ts";
import { FakeClock, SeededRandom } from "./fake-clock.ts";
import { MemoryConnection, type WireEvent } from "./memory-transport.ts";
import { OPEN_AUTH } from "./open-auth.ts";

/** When every world begins. */
const BEGIN_MS = Date.UTC(2031, 0, 1);

/** Snapshots beside the log, in memory. */
export class KeptInMemory implements KeptSnapshots {
  #kept: readonly Snapshot[] = [];

  get positions(): readonly number[] {
    return this.#kept.map(({ position }) => position);
  }

  async keep(position: number, bytes: Uint8Array): Promise<void> {
    const others = this.#kept.filter((snapshot) => snapshot.position !== position);
    // A Buffer, as files give it.
    this.#kept = [...others, { position, bytes: Buffer.from(bytes) }].sort((a, b) => a.position - b.position);
  }

  async oldest(atOrAfter: number): Promise<Snapshot | undefined> {
    return this.#kept.find(({ position }) => position >= atOrAfter);
  }

  async newest(atOrBefore: number): Promise<Snapshot | undefined> {
    return this.#kept.findLast(({ position }) => position <= atOrBefore);
  }

  async drop(before: number): Promise<void> {
    this.#kept = this.#kept.filter(({ position }) => position >= before);
  }
}

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly rooms: readonly string[];
  readonly limits: Partial<Limits>;
  readonly retention: Retention;
}

/** An ordinary world, for tests that change a thing or two. */
export const PLAIN_WORLD: WorldOptions = {
  seed: 1,
  rooms: ["general", "rust"],
  limits: {},
  retention: { messages: undefined, days: undefined },
};

/** One line that the server logged as a warning or worse. */
export interface Complaint {
  readonly msg: string;
  readonly where: string | undefined;
}

/** A server without sockets and without a disk of its own. */
export class World {
  readonly options: WorldOptions;
  readonly limits: Limits;
  readonly random: SeededRandom;
  readonly disk = new MemoryDisk(1);
  readonly kept = new KeptInMemory();
  /** What the servers of this world complained of. */
  readonly complaints: Complaint[] = [];
  /** What becomes of the next commits. */
  fate: (records: readonly LogRecord[]) => Fate = ALWAYS_DURABLE;
  /** Below which position the log is longer than it has to be. */
  oldestToKeep = 0;
  clock = new FakeClock(BEGIN_MS);
  store = new MemoryStore();
  directory = new MemoryDirectory();
  log: MemoryLog;
  connections: MemoryConnection[] = [];
  #core: Core | undefined;
  #starts = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.random = new SeededRandom(options.seed);
    this.log = this.#openLog();
  }

  /** The running core. */
  get core(): Core {
    if (this.#core === undefined) throw new Error("no core is running");
    return this.#core;
  }

  get isRunning(): boolean {
    return this.#core !== undefined;
  }

  /** Whether history may begin later than with seq 1: by retention, or because the log's beginning is trimmed. */
  get mayLoseHistory(): boolean {
    const { messages, days } = this.options.retention;
    return messages !== undefined || days !== undefined || this.disk.partition(0).begin > 0;
  }

  /** The id of a room by its name. */
  roomId(name: string): string {
    return publicRoomId(name);
  }

  /** The records that are durable, those included that were trimmed. */
  get records(): readonly LogRecord[] {
    return this.disk.partition(0).records;
  }

  /** Starts a core on what is there. */
  async start(): Promise<Core> {
    this.#starts += 1;
    const { clock, log, store, directory, kept } = this;
    const signals = new MemorySignals((error) => this.#complain({ msg: `a listener failed: ${String(error)}` }));
    const logger = pino({ level: "warn", base: null }, { write: (line) => this.#complain(JSON.parse(line)) });
    const core = startCore(
      { log, logFault: () => undefined, oldestToKeep: async () => this.oldestToKeep, kept, store, directory, signals },
      {
        node: `node ${this.#starts}`,
        rooms: this.options.rooms.map((name) => ({ name, description: "" })),
        limits: this.limits,
        retention: this.options.retention,
        auth: OPEN_AUTH,
        clock,
        chance: this.random.chance,
        telemetry: new Telemetry(logger, clock, false),
      },
    );
    this.#core = await clock.drive(core, "the start", 60_000);
    // The tail of a log in memory fails only if something is wrong with the server.
    this.#core.failed.catch((error: unknown) => this.#complain({ msg: `the tail failed: ${String(error)}` }));
    return this.#core;
  }

  /** Connects somebody. */
  async connect(heard: (event: WireEvent, line: string) => void): Promise<MemoryConnection> {
    const opening = MemoryConnection.open(this.core, heard);
    const connection = await this.clock.drive(opening, "a connection", 1000);
    this.connections.push(connection);
    return connection;
  }

  /** Ends the core as `kill -9` does: what was not durable is gone, connections hear nothing. */
  crash(): void {
    for (const connection of this.connections) connection.vanish();
    this.connections = [];
    this.#core = undefined;
    this.log.crash();
    this.#reopen();
  }

  /** Stops the core as SIGTERM does. The connections that took everything have heard `going_away`. */
  async stop(): Promise<void> {
    await this.clock.drive(this.core.stop(), "the stop", 60_000);
    for (const connection of this.connections) connection.vanish();
    this.connections = [];
    this.#core = undefined;
    await this.clock.drive(this.log.close(), "the log to close", 20_000);
    this.#reopen();
  }

  /** Loses the store, as if its folder had been removed. Only while nothing runs. */
  loseStore(): void {
    this.store = new MemoryStore();
  }

  #reopen(): void {
    // The timers of the old core never fire again.
    this.clock = new FakeClock(this.clock.now() + 1000);
    this.log = this.#openLog();
    this.store = this.store.reopen();
    this.directory = this.directory.reopen();
  }

  #openLog(): MemoryLog {
    const { disk, limits, clock } = this;
    return new MemoryLog({ disk, limits, clock, fate: (_partition, records) => this.fate(records) });
  }

  #complain(complaint: { msg: string; where?: string }): void {
    this.complaints.push({ msg: complaint.msg, where: complaint.where });
  }
}
