/** Beside stage 3: what the brokers say of a topic: its id and who leads each partition. Touches the network. */
import type { Broker, KafkaClient } from "./connection.ts";

/** A topic as the brokers have it. */
export interface TopicMetadata {
  /** The id of this very topic: one made anew under the same name has another. A broker without such ids gives its name. */
  readonly topicId: string;
  /** By partition: the broker that leads it, or `undefined` where there is none at the moment. */
  readonly leaders: readonly (BrokerNode | undefined)[];
  /** How many copies the partition with the fewest has. */
  readonly replication: number;
  /** What a node does there and this one may not, by the names of the brokers' access lists, where that was asked. */
  readonly mayNot: readonly string[];
}

/** What the brokers answer when asked for a topic. */
export interface TopicAnswer {
  /** `undefined` where there is none of that name. */
  readonly topic: TopicMetadata | undefined;
  /** The broker that takes changes to topics. */
  readonly controller: BrokerNode | undefined;
  /** How many brokers there are. */
  readonly brokers: number;
}

/** A broker with its number. */
export interface BrokerNode extends Broker {
  readonly node: number;
}

interface MetadataAnswer {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly controllerId: number;
  readonly topics: readonly {
    readonly errorCode: number;
    /** Brokers of old have none. */
    readonly topicId: string | undefined;
    /** A bit for each operation that is allowed; `NOT_TOLD`, or missing, where it was not asked or is not known. */
    readonly topicAuthorizedOperations: number | undefined;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly leaderId: number;
      readonly replicaNodes: readonly number[];
    }[];
  }[];
}

const NO_ID = "00000000-0000-0000-0000-000000000000";
const UNKNOWN_TOPIC = 3;
const FORBIDDEN = [29, 31];
const NOT_TOLD = -(2 ** 31);
/** What every node does with a topic, by the number of its bit. */
const OPERATIONS = new Map([
  [3, "Read"],
  [4, "Write"],
]);

/** The brokers' access lists keep this node from something. */
export class TopicForbidden extends Error {
  override readonly name = "TopicForbidden";
  /** `operation` is the name that the lists have for it. */
  constructor(operation: string, topic: string) {
    super(`may not ${operation} the topic ${topic}: give it this right in the brokers' access lists`);
  }
}

/** Throws a `TopicForbidden` where a broker's answer says so. */
export function throwIfForbidden(errorCode: number, operation: string, topic: string): void {
  if (FORBIDDEN.includes(errorCode)) throw new TopicForbidden(operation, topic);
}

/** Asks any broker for a topic, and for this node's rights there. Throws a `TopicForbidden` where it may not know of it. */
export async function askTopic(client: KafkaClient, name: string, withRights = false): Promise<TopicAnswer> {
  const answer = await client.ask<MetadataAnswer>(undefined, "Metadata", [name], false, withRights);
  const nodes = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { node: nodeId, host, port }]));
  client.know([...nodes.values()]);
  const around = { controller: nodes.get(answer.controllerId), brokers: nodes.size };
  const [found] = answer.topics;
  if (found === undefined || found.errorCode === UNKNOWN_TOPIC) return { topic: undefined, ...around };
  throwIfForbidden(found.errorCode, "Describe", name);
  // A topic that was made a moment ago has no leaders yet.
  if (found.partitions.length === 0) throw new Error(`the brokers answer ${found.errorCode} for the topic ${name}`);
  const leaders = new Array<BrokerNode | undefined>(found.partitions.length).fill(undefined);
  for (const { partitionIndex, leaderId } of found.partitions) leaders[partitionIndex] = nodes.get(leaderId);
  const { topicId } = found;
  const topic = {
    topicId: topicId === undefined || topicId === NO_ID ? name : topicId,
    leaders,
    replication: Math.min(...found.partitions.map(({ replicaNodes }) => replicaNodes.length)),
    mayNot: withRights ? lacking(found.topicAuthorizedOperations ?? NOT_TOLD) : [],
  };
  return { topic, ...around };
}

function lacking(rights: number): readonly string[] {
  if (rights === NOT_TOLD) return [];
  return [...OPERATIONS].filter(([bit]) => (rights & (1 << bit)) === 0).map(([, operation]) => operation);
}
