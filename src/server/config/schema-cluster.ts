/**
 * Configuration, beside all stages: the settings of a node in a cluster, a part of the schema. Pure.
 */
import { flag, unflagged } from "./notes.ts";
import { addressesOrOff, amountOrOff, count, matching, orOff, path, secret, text, word, yesOrNo } from "./values.ts";

/** The ways of proving a password that Kafka's API knows. */
const KAFKA_MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

const topicName = () => matching("the name of a topic", /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/);
const keyspaceName = () => matching("the name of a keyspace, in small letters", /^[a-z][a-z0-9_]{0,47}$/);
const replicationMap = () =>
  matching("a map of CQL such as {'class':'NetworkTopologyStrategy','dc1':3}", /^\{[^;]+\}$/);

/** The settings, by their keys. */
export const clusterSettings = {
  kafka: flag(addressesOrOff().prefault("off"), "HOST:PORT,…", "brokers that speak Kafka's API, for a cluster"),
  cql: flag(addressesOrOff().prefault("off"), "HOST:PORT,…", "nodes of a CQL database, for a cluster"),
  topic: flag(topicName().prefault("chat-messages"), "NAME", "the topic that is the log"),
  signalsTopic: flag(
    topicName().prefault("chat-signals"),
    "NAME",
    "the topic by which nodes tell each other what passes",
  ),
  partitions: flag(count(1, 1000).prefault(12), "N", "partitions of a new topic, never changed afterwards"),
  replication: flag(
    orOff(count(1, 32)).prefault("off"),
    "N",
    "replicas of a new topic (off = three, or as many as there are brokers)",
  ),
  topicKeepHours: flag(
    amountOrOff(true, 24).prefault("off"),
    "N",
    "shorten the topic to what is younger than N hours, 24 or more (off = keep all)",
  ),
  acceptTopic: flag(
    yesOrNo().prefault(false),
    undefined,
    "take the topic though its settings are not as they should be",
  ),
  kafkaUser: flag(orOff(text("a user's name")).prefault("off"), "NAME", "who this node is to the brokers"),
  kafkaPassword: unflagged(orOff(secret()).prefault("off"), "TEXT", "that user's password"),
  kafkaPasswordFile: flag(orOff(path()).prefault("off"), "FILE", "a file with that user's password"),
  kafkaMechanism: flag(
    word(KAFKA_MECHANISMS).prefault("SCRAM-SHA-256"),
    "NAME",
    "how the password is proved to brokers",
  ),
  kafkaTls: flag(yesOrNo().prefault(false), undefined, "speak TLS to the brokers"),
  kafkaCa: flag(orOff(path()).prefault("off"), "FILE", "whom brokers' certificates must be signed by, PEM"),
  cqlKeyspace: flag(keyspaceName().prefault("verbatim"), "NAME", "the keyspace with all tables"),
  cqlDatacenter: flag(
    orOff(text("a datacenter's name")).prefault("off"),
    "NAME",
    "the nearest datacenter (off = found)",
  ),
  cqlReplication: flag(
    orOff(replicationMap()).prefault("off"),
    "MAP",
    "replication of a new keyspace (off = by datacenter, three replicas or as many as there are nodes)",
  ),
  cqlUser: flag(orOff(text("a user's name")).prefault("off"), "NAME", "who this node is to the database"),
  cqlPassword: unflagged(orOff(secret()).prefault("off"), "TEXT", "that user's password"),
  cqlPasswordFile: flag(orOff(path()).prefault("off"), "FILE", "a file with that user's password"),
  cqlTls: flag(yesOrNo().prefault(false), undefined, "speak TLS to the database"),
  cqlCa: flag(orOff(path()).prefault("off"), "FILE", "whom the database's certificates must be signed by, PEM"),
  noMigrate: flag(yesOrNo().prefault(false), undefined, "change no tables and make no topics; verbatim migrate did"),
  engineWaitSeconds: flag(count(0, 86_400).prefault(60), "N", "how long a start waits for brokers and database"),
} as const;
