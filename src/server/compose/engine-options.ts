/**
 * Around the stages: what the connections to brokers and database are opened with, out of the configuration and the
 * files that it names. Touches those files only.
 */
import { readFile } from "node:fs/promises";
import type { CqlConfig, EngineConfig, KafkaConfig, Secret } from "../config/config.ts";
import type { CqlOptions } from "../cql/driver.ts";
import type { KafkaOptions } from "../kafka/connection.ts";
import { StartError } from "../start-error.ts";

/** How to connect to the brokers. Throws a `StartError` where a file can't be read. */
export async function kafkaOptions(config: KafkaConfig): Promise<KafkaOptions> {
  const login = await readLogin("kafka", config);
  const sasl = login === undefined ? undefined : { mechanism: config.mechanism, ...login };
  return { brokers: config.addresses, tls: await readTls("kafka", config), sasl };
}

/** How to connect to the database. Throws a `StartError` where a file can't be read. */
export async function cqlOptions(config: CqlConfig): Promise<CqlOptions> {
  const { addresses, keyspace, datacenter, replication } = config;
  const login = await readLogin("cql", config);
  return {
    ...{ contactPoints: addresses, keyspace, datacenter, replication },
    user: login?.user,
    password: login?.password,
    tls: await readTls("cql", config),
  };
}

async function readLogin(
  name: string,
  { login }: EngineConfig,
): Promise<{ readonly user: string; readonly password: string } | undefined> {
  if (login === undefined) return undefined;
  return { user: login.user, password: await readSecret(`--${name}-password-file`, login.password) };
}

async function readTls(name: string, { tls }: EngineConfig): Promise<{ readonly ca: string | undefined } | undefined> {
  if (tls?.ca === undefined) return tls;
  const ca = await read(`--${name}-ca`, tls.ca);
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new StartError(`--${name}-ca: ${tls.ca} holds no certificate in PEM; name another file`);
  }
  return { ca };
}

/** Secret files end with a newline that nobody meant. */
async function readSecret(flag: string, secret: Secret): Promise<string> {
  if (secret.type === "text") return secret.text;
  const [text = ""] = (await read(flag, secret.path)).split(/\r?\n/, 1);
  if (text === "") throw new StartError(`${flag}: the first line of ${secret.path} is empty; write the password there`);
  return text;
}

async function read(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "ENOENT" ? "there is no such file" : error instanceof Error ? error.message : String(error);
    throw new StartError(`${flag}: ${path} can't be read (${reason}); name another file`, { cause: error });
  }
}
