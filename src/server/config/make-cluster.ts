/**
 * Configuration, beside all stages: what makes a server a node of a cluster, out of the settings for that. Pure.
 */
import type { ClusterConfig, CqlConfig, EngineConfig, KafkaConfig, Listen, Secret } from "./config.ts";
import type { Made, PathOf, Settings } from "./make-auth.ts";
import { configSchema } from "./schema.ts";
import { clusterSettings } from "./schema-cluster.ts";

/** The settings of a connection, by what they are and under the name that they have. */
interface EngineSettings {
  readonly name: "kafka" | "cql";
  readonly addresses: readonly Listen[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly tls: boolean;
  readonly ca: string | undefined;
}

/** What makes a node; `undefined` where no engines are named. */
export function makeCluster(settings: Settings, pathOf: PathOf): Made<ClusterConfig | undefined> {
  const { kafka: brokers, cql: contactPoints } = settings;
  if (brokers.length === 0 && contactPoints.length === 0) return { value: undefined, problems: idle(settings) };
  const problems: string[] = [];
  if (brokers.length === 0)
    problems.push("cql: a cluster needs its log too; name the brokers with --kafka HOST:PORT,…");
  if (contactPoints.length === 0)
    problems.push("kafka: a cluster needs its store too; name the database with --cql HOST:PORT,…");
  if (settings.topic === settings.signalsTopic)
    problems.push("signalsTopic: that topic is the log; choose another with --signals-topic NAME");
  if (settings.logKeepBytes !== configSchema.shape.logKeepBytes.parse(undefined)) {
    problems.push(
      "logKeepBytes: it is for a data folder; in a cluster --topic-keep-hours N says what is kept of the log",
    );
  }
  const kafka = makeKafka(settings, pathOf);
  const cql = makeCql(settings, pathOf);
  const { noMigrate, engineWaitSeconds } = settings;
  const value = { kafka: kafka.value, cql: cql.value, migrates: !noMigrate, engineWaitSeconds };
  return { value, problems: [...problems, ...kafka.problems, ...cql.problems] };
}

/** How to reach the database alone, which is all that an operator's commands need. */
export function makeCql(settings: Pick<Settings, `cql${string}` & keyof Settings>, pathOf: PathOf): Made<CqlConfig> {
  const { value, problems } = makeEngine(
    {
      name: "cql",
      addresses: settings.cql,
      user: settings.cqlUser,
      password: settings.cqlPassword,
      passwordFile: settings.cqlPasswordFile,
      tls: settings.cqlTls,
      ca: settings.cqlCa,
    },
    pathOf,
  );
  const { cqlKeyspace: keyspace, cqlDatacenter: datacenter, cqlReplication: replication } = settings;
  return { value: { ...value, keyspace, datacenter, replication }, problems };
}

function makeKafka(settings: Settings, pathOf: PathOf): Made<KafkaConfig> {
  const { value, problems } = makeEngine(
    {
      name: "kafka",
      addresses: settings.kafka,
      user: settings.kafkaUser,
      password: settings.kafkaPassword,
      passwordFile: settings.kafkaPasswordFile,
      tls: settings.kafkaTls,
      ca: settings.kafkaCa,
    },
    pathOf,
  );
  const { kafkaMechanism: mechanism, topic, signalsTopic, partitions, replication, acceptTopic } = settings;
  const names = { mechanism, topic, signalsTopic };
  return {
    value: { ...value, ...names, partitions, replication, keepHours: settings.topicKeepHours, acceptTopic },
    problems,
  };
}

function makeEngine(settings: EngineSettings, pathOf: PathOf): Made<EngineConfig> {
  const { name, addresses, user, password, passwordFile, tls, ca } = settings;
  const problems: string[] = [];
  const secrets: Secret[] = [];
  if (password !== undefined) secrets.push({ type: "text", text: password });
  if (passwordFile !== undefined) {
    secrets.push({ type: "file", path: pathOf(`${name}PasswordFile`, passwordFile) });
  }
  const [secret] = secrets;
  if (secrets.length > 1) problems.push(`${name}PasswordFile: there is a ${name}Password too; drop one of them`);
  if (user !== undefined && secret === undefined) {
    problems.push(`${name}User: a user needs a password; set --${name}-password-file FILE`);
  }
  if (user === undefined && secret !== undefined) {
    const key = password === undefined ? `${name}PasswordFile` : `${name}Password`;
    problems.push(`${key}: a password needs its user; set --${name}-user NAME`);
  }
  if (ca !== undefined && !tls)
    problems.push(`${name}Ca: it means something with --${name}-tls only; add that, or drop it`);
  const login = user === undefined || secret === undefined ? undefined : { user, password: secret };
  const trusted = ca === undefined ? undefined : pathOf(`${name}Ca`, ca);
  return { value: { addresses, login, tls: tls ? { ca: trusted } : undefined }, problems };
}

/** A setting that means nothing without a cluster and was set to something else than its default. */
function idle(settings: Settings): readonly string[] {
  for (const [key, type] of Object.entries(clusterSettings)) {
    const value = settings[key as keyof typeof clusterSettings];
    if (JSON.stringify(value) === JSON.stringify(type.parse(undefined))) continue;
    return [`${key}: it means something in a cluster only; add --kafka and --cql, or drop it`];
  }
  return [];
}
