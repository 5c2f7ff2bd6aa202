/** Around the stages: what must be there before a session can be: a data center to ask, and the keyspace. */
import type { Client } from "cassandra-driver";
import { type CqlOptions, type Driver, makeClient, schemaHost } from "./driver.ts";
import { CqlError, cqlError } from "./errors.ts";

/** Names that need no quotes, and that both databases take. */
const KEYSPACE_NAME = /^[a-z][a-z0-9_]{0,47}$/;

const REPLICAS_USUAL = 3;

/** How long making the keyspace may take, in milliseconds. */
const SCHEMA_TIMEOUT_MS = 20_000;

/** Makes sure of the keyspace and resolves with the data center to ask. Rejects with a `CqlError`. */
export async function prepareKeyspace(driver: Driver, options: CqlOptions, create: boolean): Promise<string> {
  const { keyspace } = options;
  if (!KEYSPACE_NAME.test(keyspace)) {
    throw new CqlError("refused", `${keyspace} is no name for a keyspace: up to 48 of a-z, 0-9 and _, a letter first`);
  }
  const client = makeClient(driver, options, undefined);
  try {
    await client.connect();
    const datacenter = options.datacenter ?? theDatacenter(client);
    await ensureKeyspace(
      client,
      { ...options, replication: options.replication ?? byDatacenter(client, datacenter) },
      create,
    );
    return datacenter;
  } catch (error) {
    throw cqlError("connecting to the database", error);
  } finally {
    await client.shutdown();
  }
}

function theDatacenter(client: Client): string {
  const names = new Set(client.hosts.values().map(({ datacenter }) => datacenter));
  const [name] = names;
  if (name === undefined) throw new CqlError("unavailable", "no node of the database is there");
  if (names.size > 1) {
    const list = [...names].sort().join(", ");
    throw new CqlError("refused", `the database has several data centers (${list}): say which one is near`);
  }
  return name;
}

/** Replication of a keyspace for which nobody asked otherwise: as many copies as quorums want, where there are the nodes. */
function byDatacenter(client: Client, datacenter: string): string {
  const nodes = client.hosts.values().filter((host) => host.datacenter === datacenter).length;
  return `{'class': 'NetworkTopologyStrategy', '${datacenter}': ${Math.max(1, Math.min(REPLICAS_USUAL, nodes))}}`;
}

async function ensureKeyspace(
  client: Client,
  { keyspace, replication }: Pick<CqlOptions, "keyspace"> & { readonly replication: string },
  create: boolean,
): Promise<void> {
  const query = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
  const found = await client.execute(query, [keyspace], { isIdempotent: true });
  if (found.rows.length > 0) return;
  if (!create) throw new CqlError("refused", `the database has no keyspace ${keyspace}: run verbatim migrate first`);
  const host = schemaHost(client);
  await client.execute(`CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${replication}`, [], {
    prepare: false,
    readTimeout: SCHEMA_TIMEOUT_MS,
    ...(host === undefined ? {} : { host }),
  });
}
