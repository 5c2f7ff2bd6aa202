/** The command line: what a person sees when the server is up, and what a program reads. Pure. */
import type { AuthMode, Config, Listen } from "../server/config/config.ts";
import { showListen } from "../server/config/values.ts";

/** What has been started, with real ports. */
export interface Started {
  readonly version: string;
  readonly config: Config;
  readonly tcp: Listen;
  readonly http: Listen | undefined;
  readonly ops: Listen | undefined;
  /** Its name among the nodes. */
  readonly node: string;
  readonly partitions: number;
  readonly rooms: number;
  readonly sessionsMax: number;
  /** `undefined` where the machine has no limit. */
  readonly openFiles: number | undefined;
}

/** The fields of the log line `listening`; programs read the ports from it. */
export function listeningFields(started: Started): Record<string, unknown> {
  return {
    version: started.version,
    tcp: showListen(started.tcp),
    http: started.http === undefined ? "off" : showListen(started.http),
    ops: started.ops === undefined ? "on http" : showListen(started.ops),
    auth: started.config.auth.mode,
    ...placeFields(started),
    rooms: started.rooms,
    sessionsMax: started.sessionsMax,
    openFiles: started.openFiles ?? "unlimited",
    pid: process.pid,
  };
}

/** Where what people say is kept: a data folder, or the engines of a cluster. */
function placeFields({ config, node, partitions }: Started): Record<string, unknown> {
  const { cluster, data, rooms } = config;
  if (cluster === undefined) return { data, roomsFile: rooms };
  const { kafka, cql } = cluster;
  return {
    node,
    kafka: kafka.addresses.map(showListen).join(","),
    topic: kafka.topic,
    partitions,
    cql: cql.addresses.map(showListen).join(","),
    keyspace: cql.keyspace,
  };
}

/** The same for a person. */
function placeLines({ config, node, partitions, rooms }: Started): readonly (readonly [string, string])[] {
  const { cluster } = config;
  if (cluster === undefined) {
    return [
      ["data", config.data],
      ["rooms", `${rooms} from ${config.rooms}`],
    ];
  }
  const { kafka, cql } = cluster;
  return [
    ["node", node],
    ["log", `topic ${kafka.topic}, ${partitions} partitions, at ${kafka.addresses.map(showListen).join(", ")}`],
    ["history", `keyspace ${cql.keyspace} at ${cql.addresses.map(showListen).join(", ")}`],
    ["rooms", `${rooms}, as all nodes have them`],
  ];
}

/** What each mode asks of people, in a few words. */
const SIGN_IN: Readonly<Record<AuthMode, string>> = {
  open: "none: whoever names a user is that user",
  password: "by name and password",
  jwt: "by a token of your identity provider",
};

/** The banner, several lines, each with its end. `program` is how a person here calls `verbatim`. */
export function banner(started: Started, program: string): string {
  const { version, config, tcp, http, ops, sessionsMax, openFiles } = started;
  const { tls } = config;
  const web = `http${tls?.http === true ? "s" : ""}://`;
  const lines = [
    ["web", http === undefined ? "off" : web + showListen(reachable(http))],
    ["terminal", `${showListen(tcp)} (TCP${tls?.tcp === true ? ", TLS" : ""})`],
    ...(ops === undefined ? [] : [["ops", `http://${showListen(reachable(ops))} (/healthz /readyz /metrics)`]]),
    ["sign-in", SIGN_IN[config.auth.mode]],
    ...placeLines(started),
    ["sessions", `${sessionsMax} at most, of ${openFiles ?? "any number of"} open files`],
    ["try it", `${program} tui ${showListen(reachable(tcp))}${tls?.tcp === true ? " --tls" : ""}`],
    ["stop it", "ctrl-c"],
  ];
  return `\nVerbatim ${version} is up\n${lines.map(([name = "", text]) => `  ${name.padEnd(10)}${text}\n`).join("")}\n`;
}

/** An address that one can connect to, where what is listened on is "every address". */
function reachable(listen: Listen): Listen {
  if (listen.host === "0.0.0.0") return { host: "127.0.0.1", port: listen.port };
  if (listen.host === "::") return { host: "::1", port: listen.port };
  return listen;
}
