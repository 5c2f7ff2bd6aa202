/**
 * Stage 3, the cluster's adapter of the log: a topic on any Kafka-API broker, a partition for a partition, offsets for
 * positions. Writing is `kafka-appends.ts`, reading `kafka-tail.ts`, the records are `kafka-encode.ts` and `kafka-decode.ts`.
 * May touch: the network, through `server/kafka/`. Four sets of connections, for a broker answers what comes over one in
 * turn: to write, to wait at the end, to catch up, and to ask.
 */
import { type Clock, pause } from "../clock.ts";
import { type KafkaClient, type KafkaOptions, openKafkaClient, UnreachableError } from "../kafka/connection.ts";
import { fetchRecords } from "../kafka/fetch.ts";
import { BEGIN, deleteBefore, END, listOffsets } from "../kafka/offsets.ts";
import { newProducer, produce } from "../kafka/produce.ts";
import { collect, type Decompress } from "../kafka/record-batch.ts";
import type { BrokerNode } from "../kafka/topic-metadata.ts";
import { TopicView } from "../kafka/topic-view.ts";
import { BATCH_BYTES_MAX } from "../kafka/topics.ts";
import type { LogRecord } from "../record.ts";
import type { LogLimits } from "./append-queue.ts";
import { KafkaAppends } from "./kafka-appends.ts";
import { KafkaBounds } from "./kafka-bounds.ts";
import { decodeKafkaRecord } from "./kafka-decode.ts";
import { KafkaTail, type Lane } from "./kafka-tail.ts";
import { AppendError, type LogBatch, type LogBounds, LogError, type MessageLog } from "./message-log.ts";

/** What a log on a topic is made of. */
export interface KafkaLogOptions {
  readonly connection: KafkaOptions;
  readonly topic: string;
  /** The id of the topic as `ensureTopic` gives it; one made anew under the same name is refused. */
  readonly topicId: string;
  readonly partitions: number;
  readonly limits: LogLimits;
  readonly clock: Clock;
  /** Hears why brokers can't be reached, when that begins and now and then while it lasts. */
  readonly failed: (error: unknown) => void;
}

/** The largest batch that is sent: the broker counts what lies around it too. */
const SENT_BYTES_MAX = BATCH_BYTES_MAX - 1024;
/** How long a request may go without an answer, in milliseconds, before its connection is given up. */
const PRODUCE_MS_MAX = 30_000;
const FETCH_MS_MAX = 5_000;
const ASK_MS_MAX = 5_000;
/** How long a broker may wait for its replicas, in milliseconds. */
const REPLICAS_MS_MAX = 8_000;
const TRIM_TRIES = 5;
const TRIM_PAUSE_MS = 200;

/** Opens the log; connects when it is first needed, and asks who leads what. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const open = (name: string, requestMs: number): Promise<KafkaClient> =>
    openKafkaClient(options.connection, name, requestMs);
  const log = new KafkaLog(options, {
    produce: await open("produce", PRODUCE_MS_MAX),
    live: await open("tail", FETCH_MS_MAX),
    behind: await open("catch-up", FETCH_MS_MAX),
    ask: await open("ask", ASK_MS_MAX),
  });
  await log.refresh();
  return log;
}

/** Connections by purpose. */
type Clients = Readonly<Record<"produce" | "ask" | Lane, KafkaClient>>;

/** The log on a topic. */
export class KafkaLog implements MessageLog {
  readonly partitions: number;
  readonly #topic: { readonly name: string; readonly topicId: string };
  readonly #clients: Clients;
  readonly #clock: Clock;
  readonly #view: TopicView;
  readonly #appends: KafkaAppends;
  readonly #tail: KafkaTail;
  readonly #bounds: KafkaBounds;
  #isClosed = false;

  constructor(options: KafkaLogOptions, clients: Clients) {
    const { topic, topicId, partitions, limits, clock, failed } = options;
    this.partitions = partitions;
    this.#topic = { name: topic, topicId };
    this.#clients = clients;
    this.#clock = clock;
    this.#view = new TopicView(clients.ask, this.#topic, clock);
    const whoLeads = {
      leader: (partition: number) => this.#view.leader(partition)?.node,
      refresh: () => this.#view.refresh(),
    };
    this.#bounds = new KafkaBounds(
      {
        ...whoLeads,
        list: (leader, asked, which) =>
          listOffsets(clients.ask, this.#broker(leader), topic, asked, which === "end" ? END : BEGIN),
      },
      clock,
    );
    this.#appends = new KafkaAppends({
      ...{ partitions, limits, clock, failed, batchBytesMax: SENT_BYTES_MAX },
      wire: {
        ...whoLeads,
        newProducer: () => newProducer(clients.produce),
        produce: (leader, batches) =>
          produce(clients.produce, this.#broker(leader), topic, batches, {
            time: clock.now(),
            timeoutMs: REPLICAS_MS_MAX,
          }),
        cut: (leader) => clients.produce.cut(this.#broker(leader)),
        fault: () => this.#view.fault,
      },
    });
    const decompress = decompressWith(clients.live);
    this.#tail = new KafkaTail(
      {
        ...whoLeads,
        fetch: (lane, leader, asks, size) => fetchRecords(clients[lane], this.#broker(leader), this.#topic, asks, size),
        bounds: (partition) => this.#bounds.ask(partition),
        decode: (bytes, from) => collect<LogRecord>(bytes, from, decompress, decodeKafkaRecord).items,
        fault: () => (this.#view.fault === undefined ? undefined : new LogError("replaced", 0, this.#view.fault)),
      },
      clock,
      failed,
    );
    this.#view.onChange(() => {
      this.#appends.changed();
      this.#tail.changed();
    });
  }

  /** Why nothing can be written or read any more, or `undefined`; for readiness. */
  get fault(): string | undefined {
    return this.#view.fault;
  }

  /** Asks who leads what. Never rejects. */
  refresh(): Promise<void> {
    return this.#view.refresh();
  }

  async append(partition: number, records: readonly LogRecord[], isAwaited = false): Promise<number> {
    if (partition >= this.partitions) throw new AppendError("not_sent", `there is no partition ${partition}`);
    if (records.length > 0) return await this.#appends.append(partition, records, isAwaited);
    try {
      return (await this.#bounds.ask(partition)).end;
    } catch (error) {
      throw new AppendError("not_sent", (error as Error).message, { cause: error });
    }
  }

  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch> {
    this.#check(partition);
    return this.#tail.read(partition, from, signal);
  }

  async bounds(partition: number): Promise<LogBounds> {
    this.#check(partition);
    return await this.#bounds.ask(partition);
  }

  hears(partition: number): boolean {
    return this.#tail.hears(partition);
  }

  /** The first position that the brokers took at `time` or later, in ms since the Unix epoch; the end where there is none. */
  async positionAt(partition: number, time: number): Promise<number> {
    this.#check(partition);
    const { end } = await this.#bounds.ask(partition);
    const [found] = await listOffsets(this.#clients.ask, this.#leader(partition), this.#topic.name, [partition], time);
    if (found === undefined || found.errorCode !== 0) throw new Error(`the broker answers ${found?.errorCode ?? -1}`);
    return found.position < 0 ? end : found.position;
  }

  async trim(partition: number, before: number): Promise<void> {
    this.#check(partition);
    const { begin, end } = await this.#bounds.ask(partition);
    const target = Math.min(before, end);
    if (target <= begin) return;
    for (let tries = 1; ; tries += 1) {
      const at = { partition, before: target, timeoutMs: ASK_MS_MAX };
      const errorCode = await deleteBefore(this.#clients.ask, this.#leader(partition), this.#topic.name, at);
      if (errorCode === 0) return;
      if (tries === TRIM_TRIES) throw new Error(`the broker answers ${errorCode} to a trim of partition ${partition}`);
      await this.#view.refresh();
      await pause(this.#clock, TRIM_PAUSE_MS);
    }
  }

  async close(): Promise<void> {
    await this.#appends.close();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tail.close();
    this.#bounds.close();
    this.#view.close();
    await Promise.all(Object.values(this.#clients).map((client) => client.close()));
  }

  #check(partition: number): void {
    if (!(partition >= 0 && partition < this.partitions)) throw new RangeError(`there is no partition ${partition}`);
  }

  #leader(partition: number): BrokerNode {
    const leader = this.#view.leader(partition);
    if (leader === undefined) throw new UnreachableError(`nobody leads partition ${partition} at the moment`);
    return leader;
  }

  /** Where a broker that leads something listens. */
  #broker(node: number): BrokerNode {
    const broker = this.#view.broker(node);
    if (broker === undefined) throw new UnreachableError(`broker ${node} is not there any more`);
    return broker;
  }
}

/** The compressions that the library has; ours is none, but others may write to the topic. */
function decompressWith({ library }: KafkaClient): Decompress {
  return (algorithm, bytes) => {
    const found = library.compressionsAlgorithmsByBitmask[algorithm];
    if (found === undefined) throw new Error(`compression ${algorithm} is not known`);
    return found.decompressSync(bytes);
  };
}
