/**
 * Around the stages: what all nodes of a cluster must have in common, or they count differently (PROJ-5). Pure: what was
 * written down is held against what this node has.
 */
import type { ClusterFacts } from "../directory/cql-facts.ts";
import { StartError } from "../start-error.ts";

/** What a cluster's tables and records look like, as this program writes them. */
export const CLUSTER_FORMAT = 1;

/** Where what was agreed on stands, for the person who reads the refusal. */
export interface AgreementPlace {
  readonly keyspace: string;
  readonly topic: string;
}

/** How each fact is named to a person. */
const NAMES: Readonly<Record<Exclude<keyof ClusterFacts, "topicId" | "format">, string>> = {
  partitions: "partitions",
  hash: "hash of a room's id",
  keyWindow: "keys that a partition remembers",
  foldVersion: "version of the fold",
};

/**
 * Holds what was agreed on against what this node has.
 * @throws StartError that names what differs and what to do
 */
export function checkAgreement(agreed: ClusterFacts, own: ClusterFacts, place: AgreementPlace): void {
  const { keyspace, topic } = place;
  const start = `the cluster of keyspace ${keyspace}`;
  if (agreed.format > own.format) {
    throw new StartError(
      `${start} has format ${agreed.format}, this version knows up to ${own.format}: start the newer version here too`,
    );
  }
  if (agreed.topicId !== own.topicId) throw new StartError(lostTopic(place));
  const differing = (Object.keys(NAMES) as (keyof typeof NAMES)[]).filter((name) => agreed[name] !== own[name]);
  if (differing.length === 0) return;
  const list = differing.map((name) => `${NAMES[name]}: ${agreed[name]} there, ${own[name]} here`).join("; ");
  const todo = differing.includes("foldVersion")
    ? "run the same version of Verbatim on all nodes"
    : differing.includes("partitions")
      ? `the number of partitions of the topic ${topic} must never change: put the topic back, or begin anew with another --topic and --cql-keyspace`
      : "run a version that has these as the cluster has them";
  throw new StartError(`${start} was made with other facts, which can't be changed (${list}); ${todo}`);
}

/** The refusal where the topic is gone, or another one has its name. */
export function lostTopic({ keyspace, topic }: AgreementPlace): string {
  return (
    `the topic ${topic} is not the one that the history in keyspace ${keyspace} was read from: that one was deleted, ` +
    `and positions of another would be taken for its own; put it back from a backup of the brokers, name the right ` +
    `one with --topic and --kafka, or let the history go on with what the database has of it: verbatim repair, while no node runs`
  );
}
