/**
 * Configuration, beside all stages: the effective configuration as YAML that `--config` takes back, each line with
 * where its value came from. Pure.
 */
import type { Scalar } from "yaml";
import { Document } from "yaml";
import type { ClusterConfig, EngineConfig, JwtConfig, JwtKeys } from "./config.ts";
import type { LoadedConfig } from "./make-config.ts";
import { clusterSettings } from "./schema-cluster.ts";
import { listSettings } from "./settings.ts";
import { showListen } from "./values.ts";

/** Writes the configuration as YAML. */
export function printConfig({ config, origins }: LoadedConfig): string {
  const {
    data,
    rooms,
    tcp,
    http,
    ops,
    auth,
    tls,
    retention,
    logKeepBytes,
    logLevel,
    logFormat,
    limits,
    cluster,
    traces,
  } = config;
  const values: Record<string, unknown> = {
    data,
    rooms,
    tcp: showListen(tcp),
    http: http === undefined ? "off" : showListen(http),
    ops: ops === undefined ? "off" : showListen(ops),
    auth: auth.mode,
    openAnyway: auth.openAnyway,
    signUp: auth.signUp,
    guests: auth.guests,
    sessionDays: auth.sessionDays,
    ...jwtValues(auth.jwt),
    "tls.cert": tls?.cert ?? "off",
    "tls.key": tls?.key ?? "off",
    "tls.doors": tls === undefined || (tls.http && tls.tcp) ? "both" : tls.http ? "http" : "tcp",
    trustProxy: showList(config.trustProxy),
    proxyProtocol: config.proxyProtocol,
    origin: showList(config.origins),
    "retain.messages": retention.messages ?? "off",
    "retain.days": retention.days ?? "off",
    logKeepBytes,
    ...clusterValues(cluster),
    traces: traces?.url ?? "off",
    traceEvery: traces?.every ?? 100,
    logLevel,
    logFormat,
  };
  for (const [name, value] of Object.entries(limits)) values[`limits.${name}`] = value;
  const document = new Document({});
  for (const { key } of listSettings()) {
    const node: Scalar = document.createNode(values[key]) as Scalar;
    const origin = origins.get(key) ?? { source: "default", name: "default" };
    const isHidden = /Password$/.test(key) && origin.source !== "default";
    node.comment = ` ${origin.name}${isHidden ? ", not shown" : ""}`;
    document.setIn(key.split("."), node);
  }
  return document.toString({ lineWidth: 0 });
}

const showList = (items: readonly string[]): string => (items.length === 0 ? "off" : items.join(","));

function jwtValues(jwt: JwtConfig | undefined): Record<string, unknown> {
  const keys = jwt?.keys;
  const pathOf = (type: JwtKeys["type"]): string =>
    keys !== undefined && keys.type === type && keys.type !== "jwks_url" ? keys.path : "off";
  const admin = jwt?.adminClaim;
  return {
    "jwt.jwksUrl": keys?.type === "jwks_url" ? keys.url : "off",
    "jwt.jwksFile": pathOf("jwks_file"),
    "jwt.publicKeyFile": pathOf("public_key_file"),
    "jwt.secretFile": pathOf("secret_file"),
    "jwt.algorithm": jwt?.algorithm ?? "off",
    "jwt.issuer": jwt?.issuer ?? "off",
    "jwt.audience": jwt?.audience ?? "off",
    "jwt.userClaim": jwt?.userClaim ?? "sub",
    "jwt.nameClaim": jwt?.nameClaim ?? "name",
    "jwt.adminClaim":
      admin === undefined ? "off" : `${admin.name}${admin.value === undefined ? "" : `=${admin.value}`}`,
  };
}

function clusterValues(cluster: ClusterConfig | undefined): Record<string, unknown> {
  const { kafka, cql } = cluster ?? {};
  return {
    ...engineValues("kafka", kafka),
    kafkaMechanism: kafka?.mechanism ?? defaultOf("kafkaMechanism"),
    topic: kafka?.topic ?? defaultOf("topic"),
    signalsTopic: kafka?.signalsTopic ?? defaultOf("signalsTopic"),
    partitions: kafka?.partitions ?? defaultOf("partitions"),
    replication: kafka?.replication ?? "off",
    topicKeepHours: kafka?.keepHours ?? "off",
    acceptTopic: kafka?.acceptTopic ?? false,
    ...engineValues("cql", cql),
    cqlKeyspace: cql?.keyspace ?? defaultOf("cqlKeyspace"),
    cqlDatacenter: cql?.datacenter ?? "off",
    cqlReplication: cql?.replication ?? "off",
    noMigrate: cluster?.migrates === false,
    engineWaitSeconds: cluster?.engineWaitSeconds ?? defaultOf("engineWaitSeconds"),
  };
}

const defaultOf = (key: keyof typeof clusterSettings): unknown => clusterSettings[key].parse(undefined);

/** A password itself is never shown: what is printed goes into tickets. */
function engineValues(name: "kafka" | "cql", engine: EngineConfig | undefined): Record<string, unknown> {
  const password = engine?.login?.password;
  return {
    [name]: showList((engine?.addresses ?? []).map(showListen)),
    [`${name}User`]: engine?.login?.user ?? "off",
    [`${name}Password`]: "off",
    [`${name}PasswordFile`]: password?.type === "file" ? password.path : "off",
    [`${name}Tls`]: engine?.tls !== undefined,
    [`${name}Ca`]: engine?.tls?.ca ?? "off",
  };
}
