/** The settings of a node in a cluster: what makes one, what is refused, and that no secret shows. */
import { describe, expect, it } from "vitest";
import { makeConfig } from "../../../src/server/config/make-config.ts";
import { printConfig } from "../../../src/server/config/print-config.ts";
import { clusterSettings } from "../../../src/server/config/schema-cluster.ts";
import { listSettings } from "../../../src/server/config/settings.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { type Given, sourcesOf } from "../../support/config-sources.ts";

const make = (given: Given) => makeConfig(sourcesOf(given));

function refusal(given: Given): string {
  try {
    make(given);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as StartError).message;
  }
  throw new Error("was not refused");
}

const ENGINES = { kafka: "127.0.0.1:9092", cql: "127.0.0.1:9042" };
const cluster = (flags: Record<string, string | true>, env: Record<string, string> = {}) =>
  make({ flags: { ...ENGINES, ...flags }, env }).config.cluster;

describe("the settings of a cluster", () => {
  it("are none unless engines are named", () => {
    expect(make({}).config.cluster).toBeUndefined();
    expect(make({ flags: { kafka: "off" }, env: { VERBATIM_CQL: "off" } }).config.cluster).toBeUndefined();
  });

  it("have the documented defaults", () => {
    const engine = { login: undefined, tls: undefined };
    expect(cluster({})).toEqual({
      kafka: {
        ...engine,
        addresses: [{ host: "127.0.0.1", port: 9092 }],
        mechanism: "SCRAM-SHA-256",
        topic: "chat-messages",
        signalsTopic: "chat-signals",
        partitions: 12,
        replication: undefined,
        keepHours: undefined,
        acceptTopic: false,
      },
      cql: {
        ...engine,
        addresses: [{ host: "127.0.0.1", port: 9042 }],
        keyspace: "verbatim",
        datacenter: undefined,
        replication: undefined,
      },
      migrates: true,
      engineWaitSeconds: 60,
    });
    expect(Object.isFrozen(cluster({})?.kafka.addresses[0])).toBe(true);
  });

  it("take several addresses, with commas or as a list", () => {
    const addresses = [
      { host: "one.example", port: 9092 },
      { host: "::1", port: 9093 },
    ];
    expect(cluster({ kafka: "one.example:9092, [::1]:9093" })?.kafka.addresses).toEqual(addresses);
    const file = 'kafka: [one.example:9092, "[::1]:9093"]\ncql: 127.0.0.1:9042\n';
    expect(make({ file }).config.cluster?.kafka.addresses).toEqual(addresses);
    const right = "must be addresses such as 127.0.0.1:9092 or [::1]:9092, with commas between them, or off";
    expect(refusal({ flags: { ...ENGINES, kafka: "one.example:9092,two.example" } })).toBe(
      `--kafka: ${right}, not "two.example"`,
    );
    expect(refusal({ flags: { ...ENGINES, cql: "127.0.0.1:0" } })).toBe(`--cql: ${right}, not "127.0.0.1:0"`);
  });

  it("want both engines or none", () => {
    expect(refusal({ flags: { kafka: "127.0.0.1:9092" } })).toBe(
      "--kafka: a cluster needs its store too; name the database with --cql HOST:PORT,…",
    );
    expect(refusal({ env: { VERBATIM_CQL: "127.0.0.1:9042" } })).toBe(
      "VERBATIM_CQL: a cluster needs its log too; name the brokers with --kafka HOST:PORT,…",
    );
  });

  it("are read from the environment, each under its name", () => {
    const env = {
      VERBATIM_KAFKA: "k:1",
      VERBATIM_CQL: "c:2",
      VERBATIM_TOPIC: "words",
      VERBATIM_SIGNALS_TOPIC: "signs",
      VERBATIM_PARTITIONS: "3",
      VERBATIM_REPLICATION: "2",
      VERBATIM_TOPIC_KEEP_HOURS: "48",
      VERBATIM_ACCEPT_TOPIC: "yes",
      VERBATIM_KAFKA_USER: "node",
      VERBATIM_KAFKA_PASSWORD: "secret",
      VERBATIM_KAFKA_MECHANISM: "PLAIN",
      VERBATIM_KAFKA_TLS: "true",
      VERBATIM_KAFKA_CA: "kafka.pem",
      VERBATIM_CQL_KEYSPACE: "chat",
      VERBATIM_CQL_DATACENTER: "north",
      VERBATIM_CQL_REPLICATION: "{'class':'SimpleStrategy','replication_factor':1}",
      VERBATIM_CQL_USER: "cassandra",
      VERBATIM_CQL_PASSWORD_FILE: "cql.password",
      VERBATIM_CQL_TLS: "1",
      VERBATIM_NO_MIGRATE: "true",
      VERBATIM_ENGINE_WAIT_SECONDS: "5",
    };
    expect(make({ env }).config.cluster).toEqual({
      kafka: {
        addresses: [{ host: "k", port: 1 }],
        login: { user: "node", password: { type: "text", text: "secret" } },
        tls: { ca: "/srv/chat/kafka.pem" },
        mechanism: "PLAIN",
        topic: "words",
        signalsTopic: "signs",
        partitions: 3,
        replication: 2,
        keepHours: 48,
        acceptTopic: true,
      },
      cql: {
        addresses: [{ host: "c", port: 2 }],
        login: { user: "cassandra", password: { type: "file", path: "/srv/chat/cql.password" } },
        tls: { ca: undefined },
        keyspace: "chat",
        datacenter: "north",
        replication: "{'class':'SimpleStrategy','replication_factor':1}",
      },
      migrates: false,
      engineWaitSeconds: 5,
    });
  });

  it("refuse what contradicts itself", () => {
    const refused = (flags: Record<string, string | true>, env = {}) =>
      refusal({ flags: { ...ENGINES, ...flags }, env });
    expect(refused({ "kafka-user": "node" })).toBe(
      "--kafka-user: a user needs a password; set --kafka-password-file FILE",
    );
    expect(refused({}, { VERBATIM_CQL_PASSWORD: "hush" })).toBe(
      "VERBATIM_CQL_PASSWORD: a password needs its user; set --cql-user NAME",
    );
    expect(refused({ "cql-password-file": "p", "cql-user": "u" }, { VERBATIM_CQL_PASSWORD: "hush" })).toBe(
      "--cql-password-file: there is a cqlPassword too; drop one of them",
    );
    expect(refused({ "kafka-ca": "ca.pem" })).toBe(
      "--kafka-ca: it means something with --kafka-tls only; add that, or drop it",
    );
    expect(refused({ "signals-topic": "chat-messages" })).toContain("--signals-topic: that topic is the log");
    expect(refused({ "log-keep-bytes": "0" })).toContain("--log-keep-bytes: it is for a data folder");
    expect(refused({ "topic-keep-hours": "23" })).toBe(
      '--topic-keep-hours: must be a whole number of 24 or more, or off, not "23"',
    );
    expect(refused({ partitions: "1001" })).toBe('--partitions: must be a whole number, 1 to 1000, not "1001"');
    expect(refused({ topic: "a b" })).toBe('--topic: must be the name of a topic, not "a b"');
    expect(refused({ "cql-keyspace": "Chat" })).toContain("--cql-keyspace: must be the name of a keyspace");
    expect(refused({ "cql-replication": "3" })).toContain("--cql-replication: must be a map of CQL such as {'class'");
    expect(refused({ "kafka-mechanism": "GSSAPI" })).toContain("must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512");
  });

  it("mean nothing without a cluster, and say so", () => {
    const says = "it means something in a cluster only; add --kafka and --cql, or drop it";
    expect(refusal({ flags: { partitions: "3" } })).toBe(`--partitions: ${says}`);
    expect(refusal({ env: { VERBATIM_NO_MIGRATE: "yes" } })).toBe(`VERBATIM_NO_MIGRATE: ${says}`);
    // The same as without it.
    expect(make({ flags: { partitions: "12", "kafka-user": "off" } }).config.cluster).toBeUndefined();
  });

  it("never show a password, and have no flag for one", () => {
    const env = { VERBATIM_KAFKA_PASSWORD: "hush-hush", VERBATIM_KAFKA_USER: "node" };
    const loaded = make({ flags: ENGINES, env });
    const printed = printConfig(loaded);
    expect(printed).not.toContain("hush");
    expect(printed).toContain("kafkaPassword: off # VERBATIM_KAFKA_PASSWORD, not shown\n");
    expect(refusal({ file: "kafkaPassword: 123456\nkafka: k:1\ncql: c:1" })).toBe(
      "kafkaPassword in /etc/verbatim/verbatim.yaml: must be text that is not empty, in quotes where it looks like a number",
    );
    const flags = listSettings().filter(({ key, flag }) => /Password$/.test(key) && flag !== undefined);
    expect(flags).toEqual([]);
  });

  it("print themselves as YAML that makes the same again", () => {
    const flags: Record<string, string | true> = {
      ...ENGINES,
      ...{ kafka: "k:1,[::1]:2", partitions: "3", replication: "3", "topic-keep-hours": "24", "accept-topic": true },
      ...{ "kafka-user": "u", "kafka-password-file": "p", "kafka-mechanism": "PLAIN", "kafka-tls": true },
      ...{ "kafka-ca": "ca.pem", "cql-tls": true, "cql-user": "u", "cql-password-file": "q", "cql-datacenter": "dc" },
      ...{ "cql-replication": "{'class':'SimpleStrategy'}", "no-migrate": true, "engine-wait-seconds": "0" },
    };
    const loaded = make({ flags });
    expect(make({ file: printConfig(loaded) }).config).toEqual(loaded.config);
    const alone = make({});
    expect(make({ file: printConfig(alone) }).config).toEqual(alone.config);
    for (const key of Object.keys(clusterSettings)) expect(printConfig(alone)).toContain(`\n${key}: `);
  });
});
