/**
 * Test support: a whole server within the test's own process, over a data folder and a real socket, with limits that
 * the test chooses.
 */
import { join } from "node:path";
import { DEFAULT_LIMITS, type Limits } from "../../src/protocol/limits.ts";
import type { AuthConfig, ClusterConfig, Retention } from "../../src/server/config/config.ts";
import { start } from "../../src/server/server.ts";
import { silentTelemetry } from "../../src/server/telemetry/create-telemetry.ts";
import { OPEN_AUTH } from "./open-auth.ts";
import { PROJECT_ROOT } from "./project-files.ts";

/** What the test chooses. */
export interface LocalServerOptions {
  /** The folder in which the data folder is, or will be. */
  readonly folder: string;
  readonly limits?: Partial<Limits>;
  readonly retention?: Retention;
  /** The rooms file; that of the project unless told. */
  readonly rooms?: string;
  /** Whether it has the door for browsers too. */
  readonly http?: boolean;
  /** Makes it a node over engines; over a data folder unless told. */
  readonly cluster?: ClusterConfig;
  /** Who is who; open mode unless told. */
  readonly auth?: Partial<AuthConfig>;
}

/** A server that listens. */
export interface LocalServer {
  readonly port: number;
  /** `undefined` without that door. */
  readonly httpPort: number | undefined;
  /** Stops it as SIGTERM does. */
  stop(): Promise<void>;
}

/** Starts a server. */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const stopping = new AbortController();
  const server = await start({
    config: {
      data: join(options.folder, "data"),
      rooms: options.rooms ?? `${PROJECT_ROOT}resources/rooms.json`,
      tcp: { host: "127.0.0.1", port: 0 },
      http: options.http === true ? { host: "127.0.0.1", port: 0 } : undefined,
      ops: undefined,
      auth: { ...OPEN_AUTH, ...options.auth },
      tls: undefined,
      trustProxy: [],
      proxyProtocol: false,
      origins: [],
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      retention: options.retention ?? { messages: undefined, days: undefined },
      logKeepBytes: 0,
      cluster: options.cluster,
      logLevel: "error",
      traces: undefined,
      logFormat: "json",
    },
    telemetry: silentTelemetry(),
    signal: stopping.signal,
  });
  return {
    port: server.tcp.port,
    httpPort: server.http?.port,
    stop: async () => {
      stopping.abort();
      await server.stopped;
    },
  };
}
