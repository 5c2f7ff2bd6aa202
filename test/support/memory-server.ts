/**
 * Test support: the pipeline on memory adapters behind a real TCP door, with a clock and faults in the test's hands.
 */
import type { RoomListing } from "../../src/protocol/events.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/protocol/limits.ts";
import { type Clock, systemChance, systemClock } from "../../src/server/clock.ts";
import type { AuthConfig, Retention } from "../../src/server/config/config.ts";
import { type Core, startCore } from "../../src/server/core.ts";
import { MemoryDirectory } from "../../src/server/directory/memory.ts";
import { TcpGateway } from "../../src/server/gateways/tcp.ts";
import { ALWAYS_DURABLE, MemoryDisk, MemoryLog, type MemoryLogOptions } from "../../src/server/log/memory.ts";
import type { KeptSnapshots } from "../../src/server/projector/fold-starts.ts";
import { MemorySignals } from "../../src/server/signals/memory.ts";
import { MemoryStore } from "../../src/server/store/memory.ts";
import type { Snapshot } from "../../src/server/store/message-store.ts";
import { silentTelemetry } from "../../src/server/telemetry/create-telemetry.ts";
import type { Telemetry } from "../../src/server/telemetry/telemetry.ts";
import { OPEN_AUTH, OPEN_DOOR } from "./open-auth.ts";

/** What the test chooses; what outlives a server can be handed to the next one. */
export interface MemoryServerOptions {
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
  readonly rooms?: readonly RoomListing[];
  readonly retention?: Retention;
  readonly fate?: MemoryLogOptions["fate"];
  readonly disk?: MemoryDisk;
  readonly store?: MemoryStore;
  readonly directory?: MemoryDirectory;
  readonly auth?: Partial<AuthConfig>;
}

/** A server that listens, and what it runs on. */
export interface MemoryServer {
  readonly port: number;
  readonly core: Core;
  readonly log: MemoryLog;
  readonly disk: MemoryDisk;
  readonly store: MemoryStore;
  readonly directory: MemoryDirectory;
  readonly telemetry: Telemetry;
  stop(): Promise<void>;
}

/** The rooms of a memory server unless told otherwise. */
const TWO_ROOMS: readonly RoomListing[] = [
  { name: "general", description: "for all" },
  { name: "rust", description: "for some" },
];

/** Starts one. */
export async function startMemoryServer(options: MemoryServerOptions = {}): Promise<MemoryServer> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const clock = options.clock ?? systemClock;
  const disk = options.disk ?? new MemoryDisk(1);
  const log = new MemoryLog({ disk, limits, clock, fate: options.fate ?? ALWAYS_DURABLE });
  const store = options.store ?? new MemoryStore();
  const directory = options.directory ?? new MemoryDirectory();
  const signals = new MemorySignals((error) => {
    throw error;
  });
  const telemetry = silentTelemetry();
  const core = await startCore(
    { log, logFault: () => undefined, oldestToKeep: async () => 0, kept: keptInMemory(), store, directory, signals },
    {
      node: "node 1",
      rooms: options.rooms ?? TWO_ROOMS,
      limits,
      retention: options.retention ?? { messages: undefined, days: undefined },
      auth: { ...OPEN_AUTH, ...options.auth },
      clock,
      chance: systemChance,
      telemetry,
    },
  );
  const { sessions, dispatcher, guests } = core;
  const takesGuests = options.auth?.guests ?? OPEN_AUTH.guests;
  const gateway = new TcpGateway({ sessions, dispatcher, guests, telemetry, clock, limits, ...OPEN_DOOR, takesGuests });
  const { port } = await gateway.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...{ port, core, log, disk, store, directory, telemetry },
    stop: async () => {
      gateway.close();
      await core.stop();
      await log.close();
      await store.close();
      await directory.close();
      await signals.close();
    },
  };
}

function keptInMemory(): KeptSnapshots {
  let kept: Snapshot[] = [];
  return {
    keep: async (position, bytes) => {
      kept = [...kept.filter((snapshot) => snapshot.position !== position), { position, bytes }];
      kept.sort((a, b) => a.position - b.position);
    },
    oldest: async (atOrAfter) => kept.find(({ position }) => position >= atOrAfter),
    newest: async (atOrBefore) => kept.findLast(({ position }) => position <= atOrBefore),
    drop: async (before) => {
      kept = kept.filter(({ position }) => position >= before);
    },
  };
}
