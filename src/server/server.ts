/**
 * A whole server: ports, pipeline, doors. `start` resolves once it listens; aborting the signal stops it (STOP-1).
 */
import { Proxies } from "./auth/proxies.ts";
import { systemChance, systemClock } from "./clock.ts";
import { Closings } from "./compose/closings.ts";
import { openEngines } from "./compose/compose.ts";
import { explain } from "./compose/log-trouble.ts";
import type { Config, Listen } from "./config/config.ts";
import { startCore } from "./core.ts";
import { type Doors, openDoors } from "./doors.ts";
import { openFilesLimit, sessionsAllowed } from "./open-files.ts";
import { MessageTraces } from "./telemetry/message-traces.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";
import { openTraceExport } from "./telemetry/trace-export.ts";

/** The longest that a stop may take, in milliseconds: a disk that hangs must not keep the process from its end. */
const STOP_WITHIN_MS = 9_000;

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, with the real ports. */
  readonly tcp: Listen;
  readonly http: Listen | undefined;
  readonly ops: Listen | undefined;
  /** Its name among the nodes of a cluster: new with each start. */
  readonly node: string;
  readonly partitions: number;
  /** How many public rooms there are. */
  readonly rooms: number;
  /** How many sessions it takes. */
  readonly sessionsMax: number;
  /** The limit on open files, where the machine says one. */
  readonly openFiles: number | undefined;
  /** Reads the certificate anew; one that is no good is told of, and the old one stays. */
  reload(): Promise<void>;
  /** Resolves once it has stopped; rejects where it had to end by itself. */
  readonly stopped: Promise<void>;
}

/** Starts a server. Throws a `StartError`, before anything listens, where something is not as it must be. */
export async function start(options: {
  readonly config: Config;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}): Promise<RunningServer> {
  const { config, telemetry, signal } = options;
  const openFiles = openFilesLimit();
  const limits = { ...config.limits, sessionsMax: sessionsAllowed(config.limits.sessionsMax, openFiles) };
  const engines = await openEngines({ config, telemetry, signal, clock: systemClock, chance: systemChance });
  const { node, rooms } = engines;
  const closings = new Closings((error) => telemetry.internalError("stop", error));
  closings.push(() => engines.close());
  const close = async (): Promise<void> => {
    if (await closings.closeWithin(systemClock, STOP_WITHIN_MS)) return;
    telemetry.logger.warn("something did not close in time and is left to itself; what was acknowledged is safe");
  };
  try {
    if (config.traces !== undefined) {
      const { url, every } = config.traces;
      const traces = await openTraceExport({ url, node });
      closings.push(() => traces.close());
      telemetry.follow(new MessageTraces({ every, now: epochNow, ended: (trace) => traces.send(trace) }));
    }
    const core = await startCore(engines, {
      ...{ node, rooms, limits, telemetry, clock: systemClock, chance: systemChance },
      ...{ retention: config.retention, auth: config.auth },
    });
    const proxies = new Proxies(config.trustProxy);
    let doors: Doors | undefined;
    // Doors take nobody in any more, the pipeline finishes with those who are here, then what is left of doors goes.
    closings.push(async () => doors?.close());
    closings.push(() => core.stop());
    closings.push(async () => doors?.stopAccepting());
    doors = await openDoors({ config, limits, core, proxies, telemetry, clock: systemClock, chance: systemChance });
    const { tcp, http, ops } = doors;
    const reload = (): Promise<void> => doors?.reload() ?? Promise.resolve();
    const stopped = Promise.race([aborted(signal), core.failed]).finally(close);
    const { partitions } = engines.log;
    return {
      tcp,
      http,
      ops,
      node,
      partitions,
      rooms: rooms.length,
      sessionsMax: limits.sessionsMax,
      openFiles,
      reload,
      stopped,
    };
  } catch (error) {
    await close();
    throw explain(error, config);
  }
}

/** Milliseconds since the epoch with fractions, that are never set back. */
const epochNow = (): number => performance.timeOrigin + systemClock.monotonic();

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
