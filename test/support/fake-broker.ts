/**
 * Test support: brokers in memory that keep batches as Kafka does, by writer and number, so that one that comes twice is kept
 * once; each request ends as the test says.
 */

import { UnreachableError } from "../../src/server/kafka/connection.ts";
import type { ProducedBatch, ProduceResult, ProducerIdentity } from "../../src/server/kafka/produce.ts";
import type { ProduceWire } from "../../src/server/log/kafka-appends.ts";

/** One request, which waits for the test to say how it ends. */
export interface Request {
  readonly leader: number;
  readonly batches: readonly ProducedBatch[];
  /** The broker takes it and says so. */
  readonly answer: () => void;
  /** The broker takes it, and the connection breaks. */
  readonly loseAnswer: () => void;
  /** The connection breaks before the broker has it. */
  readonly loseRequest: () => void;
  /** The broker answers every batch with an error and takes none. */
  readonly refuse: (errorCode: number) => void;
  /** No connection can be made. */
  readonly unreachable: () => void;
}

const OUT_OF_ORDER = 45;
const NOT_LEADER = 6;

/** What a broker knows of one writer of a partition. */
interface Known {
  next: number;
  lastFirst: number;
  lastPosition: number;
}

/** All brokers of a cluster. */
export class FakeBrokers implements ProduceWire {
  /** By partition: what is kept, as values. */
  readonly kept: string[][];
  /** By partition: who leads. */
  readonly leaders: (number | undefined)[];
  /** Requests that wait for their end. */
  readonly open: Request[] = [];
  readonly cuts: number[] = [];
  refreshes = 0;
  identities = 0;
  isTopicGone = false;
  readonly #known = new Map<string, Known>();
  readonly #arrived: (request: Request) => void;

  /** `arrived` hears of each request. */
  constructor(leaders: readonly number[], arrived: (request: Request) => void = () => undefined) {
    this.leaders = [...leaders];
    this.kept = leaders.map(() => []);
    this.#arrived = arrived;
  }

  leader(partition: number): number | undefined {
    return this.leaders[partition];
  }

  async refresh(): Promise<void> {
    this.refreshes += 1;
  }

  async newProducer(): Promise<ProducerIdentity> {
    this.identities += 1;
    return { producerId: BigInt(this.identities), epoch: 0 };
  }

  produce(leader: number, batches: readonly ProducedBatch[]): Promise<readonly ProduceResult[]> {
    return new Promise((resolve, reject) => {
      const end = (act: () => void) => (): void => {
        const index = this.open.indexOf(request);
        if (index >= 0) this.open.splice(index, 1);
        act();
      };
      const request: Request = {
        ...{ leader, batches },
        answer: end(() => resolve(this.#take(leader, batches))),
        loseAnswer: end(() => {
          this.#take(leader, batches);
          reject(new Error("connection closed"));
        }),
        loseRequest: end(() => reject(new Error("connection closed"))),
        unreachable: end(() => reject(new UnreachableError("connection refused"))),
        refuse: (errorCode) =>
          end(() => resolve(batches.map(({ partition }) => ({ partition, errorCode, position: -1 }))))(),
      };
      this.open.push(request);
      this.#arrived(request);
    });
  }

  cut(leader: number): void {
    this.cuts.push(leader);
  }

  fault(): string | undefined {
    return this.isTopicGone ? "the topic is gone" : undefined;
  }

  #take(leader: number, batches: readonly ProducedBatch[]): ProduceResult[] {
    return batches.map(({ partition, records, identity }) => {
      if (this.leaders[partition] !== leader) return { partition, errorCode: NOT_LEADER, position: -1 };
      const kept = this.kept[partition] as string[];
      const writer = `${partition}/${identity.producerId}/${identity.epoch}`;
      const known = this.#known.get(writer);
      if (known !== undefined && identity.sequence === known.lastFirst) {
        return { partition, errorCode: 0, position: known.lastPosition };
      }
      if (known !== undefined && identity.sequence !== known.next) {
        return { partition, errorCode: OUT_OF_ORDER, position: -1 };
      }
      const position = kept.length;
      for (const { value } of records) kept.push(value);
      const next = identity.sequence + records.length;
      this.#known.set(writer, { next, lastFirst: identity.sequence, lastPosition: position });
      return { partition, errorCode: 0, position };
    });
  }
}
