/**
 * Test support, engines: nodes of one cluster, real processes on real engines, with topics and a keyspace of their own,
 * and what stands in its store. Needs `dist/`.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemChance, systemClock } from "../../src/server/clock.ts";
import { type CqlSession, openCql } from "../../src/server/cql/session.ts";
import { partitionOf } from "../../src/server/partition.ts";
import type { StoredRecord } from "../../src/server/record.ts";
import { openCqlStore } from "../../src/server/store/cql.ts";
import type { MessageStore } from "../../src/server/store/message-store.ts";
import { publicRoomId } from "../../src/server/uuid.ts";
import { cqlOptionsOf } from "./cql-keyspace.ts";
import { engines } from "./engines.ts";
import type { LoadDoors } from "./load-actor.ts";
import { type FinishedRun, runVerbatim, type SpawnedServer, startServer } from "./spawned-server.ts";

/** Few, so that every partition is at work; more than nodes, so that each node writes some. */
const PARTITIONS = 4;
const START_WITHIN_MS = 60_000;

/** A node that listens. */
export type Node = SpawnedServer;

/** Where a node listens. */
export const doorsOf = ({ tcpPort, httpPort = 0 }: Node): LoadDoors => ({ tcpPort, httpPort });

/** One cluster. */
export class Cluster {
  readonly kafka: string;
  readonly cql: string;
  readonly topic: string;
  readonly signalsTopic: string;
  readonly keyspace: string;
  readonly #dir: string;
  readonly #nodes = new Set<Node>();
  #started = 0;
  #session: CqlSession | undefined;

  constructor(dir: string, addresses: { readonly kafka: string; readonly cql: string }) {
    const own = randomBytes(5).toString("hex");
    this.#dir = dir;
    this.kafka = addresses.kafka;
    this.cql = addresses.cql;
    this.topic = `messages-${own}`;
    this.signalsTopic = `signals-${own}`;
    this.keyspace = `k${own}`;
  }

  /** The flags that make a process one of this cluster. */
  get flags(): readonly string[] {
    return [
      ...["--kafka", this.kafka, "--topic", this.topic, "--signals-topic", this.signalsTopic],
      ...["--cql", this.cql, "--cql-keyspace", this.keyspace, "--partitions", String(PARTITIONS)],
    ];
  }

  /** Nodes that have been started and not ended here. */
  get nodes(): readonly Node[] {
    return [...this.#nodes];
  }

  /** Starts a node and resolves when it listens. */
  async start(more: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Node> {
    this.#started += 1;
    const dataDir = join(this.#dir, `node-${this.#started}`);
    const node = await startServer({ dataDir, args: [...this.flags, ...more], env, withinMs: START_WITHIN_MS });
    this.#nodes.add(node);
    void node.exited.then(() => this.#nodes.delete(node));
    return node;
  }

  /** Starts a node that must not come up; resolves with how it ended. */
  async refused(more: readonly string[] = [], withinMs = START_WITHIN_MS): Promise<FinishedRun> {
    const doors = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log-format", "json"];
    const data = join(this.#dir, "refused");
    return await runVerbatim(["serve", "--data", data, ...doors, ...this.flags, ...more], {}, withinMs);
  }

  /** The session with the database, made when it is first asked for. */
  async session(): Promise<CqlSession> {
    this.#session ??= await openCql(cqlOptionsOf(this.cql, this.keyspace), {
      ...{ clock: systemClock, chance: systemChance },
      createKeyspace: false,
    });
    return this.#session;
  }

  /** The store as another reader sees it. */
  async store(): Promise<MessageStore> {
    const fail = (error: Error): void => {
      throw error;
    };
    return await openCqlStore({ session: await this.session(), damaged: fail });
  }

  /** The partition that a room lives in; a public one goes by its name. */
  partitionOf(room: string): number {
    return partitionOf(roomId(room), PARTITIONS);
  }

  /** Everything that the store has of a room, and the checkpoint of its partition, read before. */
  async stored(room: string): Promise<{ readonly checkpoint: number; readonly records: readonly StoredRecord[] }> {
    const store = await this.store();
    const checkpoint = await store.checkpoint(this.partitionOf(room));
    const records: StoredRecord[] = [];
    for (;;) {
      const from = (records.at(-1)?.seq ?? 0) + 1;
      const page = await store.range(roomId(room), from, Number.MAX_SAFE_INTEGER, {
        records: 2000,
        bytes: 8_000_000,
      });
      if (page.length === 0) return { checkpoint, records };
      records.push(...page);
    }
  }

  /** Kills all nodes and lets go of everything. What is in the engines goes with them. */
  async remove(): Promise<void> {
    for (const node of this.nodes) {
      // A node that stands still could not end.
      process.kill(node.pid, "SIGCONT");
      await node.kill("SIGKILL");
    }
    await this.#session?.close();
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A cluster without nodes, on the engines of this run or on others. */
export async function makeCluster(others: { readonly kafka?: string; readonly cql?: string } = {}): Promise<Cluster> {
  const dir = await mkdtemp(join(await realpath(tmpdir()), "verbatim-cluster-"));
  return new Cluster(dir, { ...engines(), ...others });
}

/** The id of a room that is named as clients name it. */
const roomId = (room: string): string => (/^[0-9a-f]{8}-/.test(room) ? room : publicRoomId(room));
