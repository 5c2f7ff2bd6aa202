/**
 * The doors of a server, opened in the order in which it does the least harm where one can't be: nobody has come in yet.
 */

import type { Limits } from "../protocol/limits.ts";
import type { Proxies } from "./auth/proxies.ts";
import type { Chance, Clock } from "./clock.ts";
import type { Config, Listen } from "./config/config.ts";
import type { Core } from "./core.ts";
import { CertificateExpiry } from "./gateways/certificate-expiry.ts";
import { type OperationsServer, openOperationsServer } from "./gateways/http/operations-server.ts";
import { type HttpGateway, openHttpGateway } from "./gateways/http/server.ts";
import { TcpGateway } from "./gateways/tcp.ts";
import { type Certificate, openCertificate } from "./gateways/tls.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** What doors are opened with. */
export interface DoorsOptions {
  readonly config: Config;
  readonly limits: Limits;
  readonly core: Core;
  readonly proxies: Proxies;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** The open doors. */
export interface Doors {
  /** Where they listen, with the real ports. */
  readonly tcp: Listen;
  readonly http: Listen | undefined;
  readonly ops: Listen | undefined;
  /** Reads the certificate anew, for whoever connects from now on. Rejects where it is no good; the old one stays. */
  reload(): Promise<void>;
  /** Takes nobody in any more; who is here goes on. */
  stopAccepting(): void;
  /** Ends what is left. */
  close(): Promise<void>;
}

/** Opens them. Throws a `StartError`, and none is open, where one can't be. */
export async function openDoors(options: DoorsOptions): Promise<Doors> {
  const { config, limits, core, proxies, telemetry, clock } = options;
  const { sessions, dispatcher, guests } = core;
  const certificate = config.tls === undefined ? undefined : await openCertificate(config.tls);
  const expiry = certificate && new CertificateExpiry(certificate, clock, telemetry.logger);
  const gateway = new TcpGateway({
    ...{ sessions, dispatcher, guests, telemetry, clock, limits },
    takesGuests: takesGuests(config),
    tls: config.tls?.tcp === true ? certificate?.context : undefined,
    isProxy: config.proxyProtocol ? proxies.isTrusted : () => false,
  });
  const opened: { http: HttpGateway | undefined; ops: OperationsServer | undefined } = {
    http: undefined,
    ops: undefined,
  };
  const stopAccepting = (): void => {
    gateway.close();
    opened.http?.stopAccepting();
  };
  const close = async (): Promise<void> => {
    expiry?.close();
    stopAccepting();
    await opened.http?.close();
    await opened.ops?.close();
  };
  try {
    if (config.http !== undefined) opened.http = await openHttp(options, config.http, certificate);
    if (config.ops !== undefined) {
      const door = { telemetry, readiness: readinessOf(core) };
      opened.ops = await openOperationsServer({ listen: config.ops, origins: config.origins, limits, door });
    }
    const tcp = await gateway.listen(config.tcp);
    const reload = async (): Promise<void> => {
      if (certificate === undefined) return;
      const context = await certificate.reload();
      if (config.tls?.tcp === true) gateway.setSecureContext(context);
      if (config.tls?.http === true) opened.http?.setSecureContext(context);
      expiry?.look();
    };
    return { tcp, http: opened.http?.listen, ops: opened.ops?.listen, reload, stopAccepting, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openHttp(
  { config, limits, core, proxies, telemetry, clock, chance }: DoorsOptions,
  listen: Listen,
  certificate: Certificate | undefined,
): Promise<HttpGateway> {
  return openHttpGateway({
    listen,
    origins: config.origins,
    tls: config.tls?.http === true ? certificate?.context : undefined,
    door: {
      ...{ ...core, limits, clock, chance, telemetry, proxies, auth: config.auth },
      takesGuests: takesGuests(config),
      readiness: readinessOf(core),
    },
  });
}

/** Whether whoever shows nothing is a guest; elsewhere they have to say who they are first. */
const takesGuests = ({ auth }: Config): boolean => auth.mode === "open" || auth.guests;

const readinessOf = (core: Core) => async () => {
  const checks = core.readiness();
  return { ready: Object.values(checks).every(({ ok }) => ok), checks };
};
