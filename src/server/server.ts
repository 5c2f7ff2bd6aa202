/**
 * A whole server: ports, pipeline, doors. `start` resolves once it listens; aborting the signal stops it (STOP-1).
 */
import { systemChance, systemClock } from "./clock.ts";
import { Closings } from "./closings.ts";
import { explain, openEmbedded } from "./compose.ts";
import type { Config, Listen } from "./config/config.ts";
import { type Core, startCore } from "./core.ts";
import { type HttpGateway, openHttpGateway } from "./gateways/http.ts";
import { TcpGateway } from "./gateways/tcp.ts";
import { openFilesLimit, sessionsAllowed } from "./open-files.ts";
import { readRoomsFile } from "./rooms-file.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** The longest that a stop may take, in milliseconds: a disk that hangs must not keep the process from its end. */
const STOP_WITHIN_MS = 9_000;

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, with the real ports. */
  readonly tcp: Listen;
  readonly http: Listen | undefined;
  /** How many public rooms there are. */
  readonly rooms: number;
  /** How many sessions it takes. */
  readonly sessionsMax: number;
  /** The limit on open files, where the machine says one. */
  readonly openFiles: number | undefined;
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
  const rooms = await readRoomsFile(config.rooms);
  const openFiles = openFilesLimit();
  const limits = { ...config.limits, sessionsMax: sessionsAllowed(config.limits.sessionsMax, openFiles) };
  const engines = await openEmbedded(config, systemClock, systemChance, telemetry);
  const closings = new Closings((error) => telemetry.internalError("stop", error));
  closings.push(() => engines.close());
  const close = async (): Promise<void> => {
    if (await closings.closeWithin(systemClock, STOP_WITHIN_MS)) return;
    telemetry.logger.warn("something did not close in time and is left to itself; what was acknowledged is safe");
  };
  try {
    const core = await startCore(engines, {
      node: engines.node,
      rooms,
      limits,
      retention: config.retention,
      auth: config.auth,
      clock: systemClock,
      chance: systemChance,
      telemetry,
    });
    closings.push(() => core.stop());
    const gateway = new TcpGateway({
      sessions: core.sessions,
      dispatcher: core.dispatcher,
      guests: core.guests,
      telemetry,
      clock: systemClock,
      limits,
      takesGuests: config.auth.mode === "open" || config.auth.guests,
      tls: undefined,
      isProxy: () => false,
    });
    // The door for people comes last: where the other one can't be opened, nobody has come in yet.
    const http = await openHttp(config, core, telemetry);
    if (http !== undefined) closings.push(() => http.close());
    const tcp = await gateway.listen(config.tcp);
    closings.push(async () => gateway.close());
    const stopped = Promise.race([aborted(signal), core.failed]).finally(close);
    return { tcp, http: http?.listen, rooms: rooms.length, sessionsMax: limits.sessionsMax, openFiles, stopped };
  } catch (error) {
    await close();
    throw explain(error, config);
  }
}

async function openHttp({ http }: Config, core: Core, telemetry: Telemetry): Promise<HttpGateway | undefined> {
  if (http === undefined) return undefined;
  const readiness = async () => {
    const checks = core.readiness();
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  };
  return await openHttpGateway({ listen: http, telemetry, readiness });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
