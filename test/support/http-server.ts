/**
 * Test support: the HTTP door over the pipeline on memory adapters, with a clock, the mode of sign-in and faults in the
 * test's hands.
 */
import { DEFAULT_LIMITS } from "../../src/protocol/limits.ts";
import { Proxies } from "../../src/server/auth/proxies.ts";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import type { Readiness } from "../../src/server/gateways/http/door.ts";
import { type HttpGateway, type HttpGatewayOptions, openHttpGateway } from "../../src/server/gateways/http/server.ts";
import type { TestCertificate } from "./certificate.ts";
import { type MemoryServer, type MemoryServerOptions, startMemoryServer } from "./memory-server.ts";
import { OPEN_AUTH } from "./open-auth.ts";

/** What the test chooses beside what a memory server lets it choose. */
export interface HttpServerOptions extends MemoryServerOptions {
  readonly origins?: readonly string[];
  readonly trustProxy?: readonly string[];
  readonly tls?: TestCertificate;
  readonly readiness?: () => Promise<Readiness>;
  /** The port of the HTTP door; one that is free unless told. */
  readonly httpPort?: number;
  /** Parts of the door that are others than those of the server. */
  readonly door?: Partial<HttpGatewayOptions["door"]>;
}

/** A server with an HTTP door. */
export interface HttpServer extends MemoryServer {
  /** The port of the TCP door. */
  readonly tcpPort: number;
  readonly gateway: HttpGateway;
}

/** Starts one. */
export async function startHttpServer(options: HttpServerOptions = {}): Promise<HttpServer> {
  const memory = await startMemoryServer(options);
  const { core, telemetry } = memory;
  const { sessions, dispatcher, guests, authenticator, accounts, api } = core;
  const auth = { ...OPEN_AUTH, ...options.auth };
  const gateway = await openHttpGateway({
    listen: { host: "127.0.0.1", port: options.httpPort ?? 0 },
    origins: options.origins ?? [],
    tls: options.tls,
    door: {
      ...{ sessions, dispatcher, guests, authenticator, accounts, api, auth, telemetry },
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      clock: options.clock ?? systemClock,
      chance: systemChance,
      takesGuests: auth.guests,
      proxies: new Proxies(options.trustProxy ?? []),
      readiness:
        options.readiness ??
        (async () => {
          const checks = core.readiness();
          return { ready: Object.values(checks).every(({ ok }) => ok), checks };
        }),
      ...options.door,
    },
  }).catch(async (error: unknown) => {
    await memory.stop();
    throw error;
  });
  return {
    ...memory,
    ...{ gateway, tcpPort: memory.port, port: gateway.listen.port },
    stop: async () => {
      gateway.stopAccepting();
      await memory.stop();
      await gateway.close();
    },
  };
}
