/**
 * How a node of a cluster starts on real engines: what it makes, what it agrees on with the others, what it refuses and
 * in what words, and how long it waits. Needs `dist/`.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../../scripts/engines/engine.mjs";
import { engines } from "../support/engines.ts";
import { Cluster } from "../support/engines-cluster.ts";
import { isLong } from "../support/faults-run.ts";
import { HttpPerson } from "../support/http-people.ts";
import { type TopicAdmin, topicAdmin } from "../support/kafka-admin.ts";
import { type FinishedRun, runVerbatim, type SpawnedServer, spawnVerbatim } from "../support/spawned-server.ts";
import { until } from "../support/until.ts";

const SECOND = 1000;
const LINE = /^verbatim: [^\n]+\n$/;

let folder = "";
let admin: TopicAdmin;
/** All that was made here, to be taken away; and of it one that a node has made and left, for tests that change little. */
const clusters: Cluster[] = [];
let made: Cluster;
let maker: SpawnedServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "verbatim-start-"));
  admin = await topicAdmin(engines().kafka);
  made = newCluster();
  maker = await made.start();
}, 240 * SECOND);

afterAll(async () => {
  await Promise.all(
    clusters.map(async (cluster) => {
      await admin.remove(cluster.topic, cluster.signalsTopic);
      // One that never came to have a keyspace has none to drop.
      await cluster.session().then(
        (session) => session.schema(`DROP KEYSPACE IF EXISTS ${cluster.keyspace}`),
        () => undefined,
      );
      await cluster.remove();
    }),
  );
  await admin.close();
  await rm(folder, { recursive: true, force: true });
}, 240 * SECOND);

/** A cluster that nobody has started yet, on the engines of this run or on others. */
function newCluster(others: { readonly kafka?: string; readonly cql?: string } = {}): Cluster {
  const cluster = new Cluster(join(folder, `cluster-${clusters.length}`), { ...engines(), ...others });
  clusters.push(cluster);
  return cluster;
}

const migrate = (cluster: Cluster): Promise<FinishedRun> => runVerbatim(["migrate", ...cluster.flags], {}, 60 * SECOND);

/** The one line of a start that was refused, without the name of the program. */
async function refusal(cluster: Cluster, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.refused(more);
  expect(stdout).not.toContain("listening");
  expect(stderr).toMatch(LINE);
  expect(code).toBe(1);
  return stderr.trimEnd().replace(/^verbatim: /, "");
}

const rooms = async (node: SpawnedServer): Promise<string[]> => {
  const answer = (await (await fetch(`http://127.0.0.1:${node.httpPort}/rooms`)).json()) as { name: string }[];
  return answer.map(({ name }) => name);
};

describe("a node", () => {
  it("makes tables, topics and rooms, says where it is, and is one of several", async () => {
    const [cluster, one] = [made, maker];
    expect(one.listening).toMatchObject({
      kafka: cluster.kafka,
      topic: cluster.topic,
      partitions: 4,
      cql: cluster.cql,
      keyspace: cluster.keyspace,
      node: expect.stringMatching(/^[0-9a-f]{16}$/),
      rooms: 24,
    });
    expect(one.listening).not.toHaveProperty("data");
    const said = one.logLines().filter(({ level }) => level === "info");
    expect(said).toContainEqual(expect.objectContaining({ topic: cluster.topic, partitions: 4, replicas: 1 }));
    expect(said).toContainEqual(expect.objectContaining({ msg: "migrated the database", keyspace: cluster.keyspace }));

    const other = await cluster.start(["--no-migrate"]);
    expect(other.listening["node"]).not.toBe(one.listening["node"]);
    expect(await rooms(other)).toEqual(await rooms(one));
    const alice = await HttpPerson.open(one.httpPort ?? 0, "alice");
    const answer = await fetch(`http://127.0.0.1:${other.httpPort}/users/${alice.id}`);
    expect(await answer.json()).toEqual(alice.user);
    // A node keeps nothing of its own.
    for (const dir of ["node-1", "node-2"]) expect(existsSync(join(folder, "cluster-0", dir))).toBe(false);

    const again = await migrate(cluster);
    expect([again.code, again.stderr.replace(/^\{.*\}\n/gm, "")]).toEqual([0, ""]);
    expect(again.stdout).toBe(
      `keyspace ${cluster.keyspace}: nothing to migrate; 24 public rooms\n` +
        `topic ${cluster.topic}: 4 partitions; topic ${cluster.signalsTopic}\n`,
    );
    for (const node of [one, other]) expect(await node.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("shows a person where it is", async () => {
    const cluster = made;
    const doors = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log-format", "pretty"];
    const run = spawnVerbatim(["serve", ...doors, ...cluster.flags, "--no-migrate"]);
    await until(
      60 * SECOND,
      () => `the banner: ${run.stdout()} ${run.stderr()}`,
      () => run.stdout().includes("stop it") || undefined,
    );
    expect(run.stdout()).toMatch(/^ {2}node {6}[0-9a-f]{16}$/m);
    expect(run.stdout()).toContain(`  log       topic ${cluster.topic}, 4 partitions, at ${cluster.kafka}\n`);
    expect(run.stdout()).toContain(`  history   keyspace ${cluster.keyspace} at ${cluster.cql}\n`);
    run.child.kill("SIGTERM");
    expect((await run.exited).code).toBe(0);
  });

  if (isLong) {
    it("has the public rooms of the table, whatever its own file says", async () => {
      const cluster = newCluster();
      const file = join(folder, "rooms.json");
      await writeFile(file, JSON.stringify([{ name: "only", description: "this" }]));
      const first = await cluster.start(["--rooms", file]);
      const second = await cluster.start(["--no-migrate"]);
      expect([await rooms(first), await rooms(second)]).toEqual([["only"], ["only"]]);
      // Whoever may make tables brings its own file.
      const third = await cluster.start();
      expect(await rooms(third)).toHaveLength(24);
    });
  }
});

describe("verbatim migrate", () => {
  it("STOP-1 does it for nodes that may not and refuse until it has, and two at once are harmless", async () => {
    const cluster = newCluster();
    expect(await refusal(cluster, "--no-migrate")).toContain(
      `the database has no keyspace ${cluster.keyspace}: run verbatim migrate first`,
    );
    expect((await runVerbatim(["user", "list", ...cqlFlags(cluster)], {}, 60 * SECOND)).stderr).toContain(
      "run verbatim migrate first",
    );

    const both = await Promise.all([migrate(cluster), migrate(cluster)]);
    for (const { code, stdout } of both) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/: (nothing to migrate|migrated: 1, 101); 24 public rooms\n/);
    }
    expect(both.some(({ stdout }) => stdout.includes("migrated: "))).toBe(true);
    const session = await cluster.session();
    await session.write("DELETE FROM migrations WHERE number = ?", [101]);
    expect(await refusal(cluster, "--no-migrate")).toBe(
      `keyspace ${cluster.keyspace} lacks migration 101; run verbatim migrate first`,
    );
    expect((await migrate(cluster)).stdout).toMatch(/: migrated: 101; 24 public rooms\n/);
    const node = await cluster.start(["--no-migrate"]);
    expect(await node.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("is for a cluster", async () => {
    const { code, stderr } = await runVerbatim(["migrate"]);
    expect([code, stderr]).toEqual([
      1,
      "verbatim: there is no cluster to migrate: name it with --kafka and --cql; a data folder is migrated by verbatim serve\n",
    ]);
  });
});

describe("STOP-1 a node refuses", () => {
  if (isLong) {
    it("to serve without a topic that it may not make", async () => {
      const cluster = newCluster();
      expect((await migrate(cluster)).code).toBe(0);
      await admin.remove(cluster.signalsTopic);
      expect(await refusal(cluster, "--no-migrate")).toBe(
        `there is no topic ${cluster.signalsTopic} yet; run verbatim migrate first`,
      );
      await cluster.start();
    });
  }

  it("a topic under which messages may be lost, names each setting, and takes it with --accept-topic", async () => {
    const cluster = newCluster();
    const { topic } = cluster;
    // In the keyspace of others, from which nobody has read yet.
    const place = ["--cql-keyspace", made.keyspace];
    const session = await made.session();
    const [row] = await session.serialRows("SELECT value FROM facts WHERE name = 'cluster'", []);
    await session.conditional("DELETE FROM facts WHERE name = 'cluster' IF EXISTS", []);
    await admin.create(topic, 4, { "cleanup.policy": "compact", "retention.ms": "1000" });
    const line = await refusal(cluster, ...place);
    expect(line).toContain(`the topic ${topic} is not as it should be: `);
    expect(line).toContain("cleanup.policy is compact, should be delete");
    expect(line).toContain("retention.ms is 1000, should be -1");
    expect(line).toContain("--accept-topic");
    const node = await cluster.start(["--accept-topic", ...place]);
    const warned = node.logLines().filter(({ level }) => level === "warn");
    expect(warned.map(({ msg }) => msg)).toContain(`topic ${topic}: cleanup.policy is compact, should be delete`);
    await node.kill("SIGTERM");
    const restore = "UPDATE facts SET value = ? WHERE name = 'cluster' IF EXISTS";
    expect((await session.conditional(restore, [String(row?.["value"])])).applied).toBe(true);
  });

  it("PROJ-5 a cluster with other facts, each by its name", async () => {
    const cluster = made;
    const session = await cluster.session();
    const [row] = await session.serialRows("SELECT value FROM facts WHERE name = 'cluster'", []);
    const facts = JSON.parse(String(row?.["value"])) as Record<string, unknown>;
    const write = (value: unknown): Promise<unknown> =>
      session.conditional("UPDATE facts SET value = ? WHERE name = 'cluster' IF EXISTS", [JSON.stringify(value)]);
    await write({ ...facts, foldVersion: 99, keyWindow: 7, hash: "crc32" });
    const differs = await refusal(cluster);
    expect(differs).toMatch(/version of the fold: 99 there, \d+ here\b/);
    expect(differs).toMatch(/keys that a partition remembers: 7 there, 131072 here\b/);
    expect(differs).toMatch(/hash of a room's id: crc32 there, murmur2 here\b/);
    expect(differs).toMatch(/; run the same version of Verbatim on all nodes$/);
    await write({ ...facts, format: 2 });
    expect(await refusal(cluster)).toMatch(
      /has format 2, this version knows up to 1: start the newer version here too$/,
    );
    await write({ ...facts, partitions: 5 });
    const line = await refusal(cluster);
    expect(line).toContain("partitions is 4, should be 5");
    expect(await refusal(cluster, "--accept-topic")).toContain("partitions: 5 there, 4 here");
    await write(facts);
    // What is only for a new topic does not matter.
    const { flags } = cluster;
    const other = flags.map((flag, index) => (flags[index - 1] === "--partitions" ? "9" : flag));
    expect((await runVerbatim(["migrate", ...other], {}, 60 * SECOND)).stdout).toContain("4 partitions");
  });

  if (isLong) {
    it("a topic that was deleted, and one that was made again under its name", async () => {
      const cluster = newCluster();
      const node = await cluster.start();
      await node.kill("SIGTERM");
      await admin.remove(cluster.topic);
      const says = `the topic ${cluster.topic} is not the one that the history in keyspace ${cluster.keyspace} was read from`;
      expect(await refusal(cluster)).toContain(says);
      expect(await refusal(cluster, "--no-migrate")).toContain(says);
      await admin.create(cluster.topic, 4, {});
      expect(await refusal(cluster, "--accept-topic")).toContain(says);
    });
  }
});

describe("STOP-1 engines that are absent", () => {
  it("are waited for, and given up with exit code 1", async () => {
    const nowhere = `127.0.0.1:${await closedPort()}`;
    const absent = [
      [newCluster({ kafka: nowhere }), `Kafka at ${nowhere}`],
      [newCluster({ cql: nowhere }), `the database at ${nowhere}`],
    ] as const;
    await Promise.all(
      absent.map(async ([cluster, name]) => {
        // The database is there where the brokers are not: with its tables, for they are made first.
        const tables = ["--cql-keyspace", made.keyspace, "--no-migrate"];
        // Long enough that the other engine, which is there, answers on a machine that is busy with others.
        const { code, stdout, stderr } = await cluster.refused(["--engine-wait-seconds", "12", ...tables]);
        expect(stderr).toMatch(LINE);
        expect(stderr).toContain(`verbatim: ${name} did not answer within 12 s (`);
        expect(stderr).toContain("ECONNREFUSED");
        expect(stderr).toContain("--engine-wait-seconds N");
        expect(code).toBe(1);
        expect(stdout).toContain(`waiting for ${name}, `);
        expect(stdout).not.toContain("listening");
      }),
    );
  });

  it("are waited for no longer when the node is told to stop", async () => {
    const cluster = newCluster({ cql: `127.0.0.1:${await closedPort()}` });
    const run = spawnVerbatim([
      "serve",
      "--tcp",
      "127.0.0.1:0",
      "--http",
      "off",
      "--log-format",
      "json",
      ...cluster.flags,
    ]);
    await until(
      60 * SECOND,
      () => `the wait to be told of: ${run.stdout()} ${run.stderr()}`,
      () => run.stdout().includes("waiting for") || undefined,
    );
    run.child.kill("SIGTERM");
    expect([await run.exited, run.stderr()]).toEqual([{ code: 0, signal: null }, ""]);
  });
});

/** The flags by which an operator's command finds accounts. */
const cqlFlags = (cluster: Cluster): string[] => ["--cql", cluster.cql, "--cql-keyspace", cluster.keyspace];

/** A port on which nobody listens, nor will while this runs. */
async function closedPort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
