/**
 * Around the stages: the driver of CQL databases, loaded when it is first needed, and how a client of it is set up. The
 * only file that knows its options.
 */
import type { Client, ClientOptions, Host } from "cassandra-driver";

/** Where the database is, and as whom to speak to it. */
export interface CqlOptions {
  /** Nodes to begin with; the others are heard of from these. */
  readonly contactPoints: readonly { readonly host: string; readonly port: number }[];
  readonly keyspace: string;
  /** The data center whose nodes are asked; `undefined` where there is only one, which is then found out. */
  readonly datacenter: string | undefined;
  /**
   * How a keyspace that is missing is replicated: the CQL map, such as
   * `{'class': 'NetworkTopologyStrategy', 'replication_factor': 3}`. Further options may follow it:
   * `… AND tablets = {'enabled': false}`. `undefined` = by data center, three replicas or as many as there are nodes.
   */
  readonly replication: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Speak TLS, and trust this authority (PEM) or, where it is `undefined`, those that Node trusts. */
  readonly tls: { readonly ca: string | undefined } | undefined;
}

/** The driver's module. */
export type Driver = typeof import("cassandra-driver");

/** How long to wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;
/** How long a request may take before its outcome counts as unknown, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;
/** How soon a node that was lost is tried again, and then again and again, in milliseconds. */
const RECONNECT_DELAY_MS = 1000;
/** How often a silent connection is asked whether it is alive, in milliseconds. */
const HEARTBEAT_MS = 5000;

/** Loads the driver. */
export async function loadDriver(): Promise<Driver> {
  const module = await import("cassandra-driver");
  return module.default;
}

/** A client that is not connected yet. `keyspace` must exist where it is given. */
export function makeClient(
  driver: Driver,
  options: CqlOptions,
  at: { readonly keyspace: string; readonly datacenter: string } | undefined,
): Client {
  const { contactPoints, user, password, tls } = options;
  const { policies, types } = driver;
  const settings: ClientOptions = {
    contactPoints: contactPoints.map(({ host, port }) =>
      host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    ),
    policies: {
      // The default one waits up to ten minutes before it tries a node again.
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_DELAY_MS),
    },
    pooling: { heartBeatInterval: HEARTBEAT_MS },
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout: REQUEST_TIMEOUT_MS, tcpNoDelay: true },
    queryOptions: {
      consistency: types.consistencies.localQuorum,
      serialConsistency: types.consistencies.localSerial,
      prepare: true,
    },
    encoding: { useBigIntAsLong: true },
  };
  // Not among the declared options, but among the read ones: who uses this program is nobody's business.
  Object.assign(settings, { monitorReporting: { enabled: false } });
  if (at === undefined) {
    // Whatever node answers: it is only asked what there is.
    settings.policies = { ...settings.policies, loadBalancing: new policies.loadBalancing.RoundRobinPolicy() };
  } else {
    settings.keyspace = at.keyspace;
    settings.localDataCenter = at.datacenter;
  }
  if (user !== undefined) settings.credentials = { username: user, password: password ?? "" };
  if (tls !== undefined) {
    // The driver's own default is to take any certificate.
    settings.sslOptions = { rejectUnauthorized: true, ...(tls.ca === undefined ? {} : { ca: tls.ca }) };
  }
  return new driver.Client(settings);
}

/** The node that changes the schema: the first by its address of those that are up. */
export function schemaHost(client: Client): Host | undefined {
  const up = client.hosts.values().filter((host) => host.isUp());
  return up.sort((a, b) => (a.address < b.address ? -1 : 1))[0];
}
