/**
 * Load tool, one measurement over engines that run already: a node of this server, or the plain way, each on a topic and
 * a keyspace of its own, which are removed afterwards.
 */
import type { HttpMeasurement } from "../http/http-measure.ts";
import type { HttpPlan } from "../http/http-plan.ts";
import { type HttpTarget, runHttp } from "../http/http-run.ts";
import { setUp } from "../http/set-up.ts";
import { parseAddress } from "../launch.ts";
import { newRunTag } from "../message-layout.ts";
import { dropKeyspace, dropTopics, type EngineNames } from "../plain/plain-engines.ts";
import { probeProcess } from "../process-probe.ts";
import { onStage, type Program, type Setting } from "../stage.ts";
import type { Part } from "./cluster-books.ts";
import { listeningProcess } from "./listening-process.ts";

/** Engines that run. */
export interface Engines {
  readonly kafka: string;
  readonly cql: string;
  /** Their processes, as `KAFKA,CQL`; `undefined`: those that listen at the addresses, where they are on this machine. */
  readonly pids: readonly [number, number] | undefined;
  /** Records on which the plain way works at once. */
  readonly plainAtOnce: number;
}

/** What is measured over engines. */
export type ClusterSubject = "node" | "plain";

/** How long the plain way may take for what has piled up, in ms. */
const PLAIN_DRAIN_MS = 120_000;

/** Starts a node or the plain way, sets up people and a chat, runs the plan, stops it and removes what it made. */
export async function measureCluster(
  subject: ClusterSubject,
  plan: HttpPlan,
  setting: Setting,
  engines: Engines,
): Promise<HttpMeasurement> {
  const run = newRunTag();
  const names: EngineNames = { ...engines, topic: `bench-${run}`, keyspace: `bench_${run}`.toLowerCase() };
  const parts = engineParts(engines);
  const own: HttpPlan = subject === "plain" ? { ...plan, drainMs: Math.max(plan.drainMs, PLAIN_DRAIN_MS) } : plan;
  try {
    return await onStage(programOf(subject, names, engines), setting, (stage) =>
      stage.with(async (running) => {
        const target: HttpTarget = { ...running, parts: [{ name: subject, probe: running.probe }, ...parts] };
        const { users, connections: posting, chats } = own;
        const world = await setUp(target, run, { users, posting, chats }, setting.progress);
        const view = { progress: setting.progress, settled: async () => undefined };
        const result = await runHttp(target, run, world, own, view);
        return { subject, result, disk: stage.disk };
      }),
    );
  } finally {
    await dropTopics(names);
    await dropKeyspace(names);
  }
}

function programOf(subject: ClusterSubject, names: EngineNames, { plainAtOnce }: Engines): Program {
  const { kafka, cql, topic, keyspace } = names;
  const shared = ["--http", "127.0.0.1:0", "--kafka", kafka, "--cql", cql, "--topic", topic];
  if (subject === "plain") {
    const args = ["bench", "plain", ...shared, "--keyspace", keyspace, "--at-once", String(plainAtOnce)];
    return { kind: "other", door: "http", args };
  }
  const replication = "{'class':'SimpleStrategy','replication_factor':1}";
  const own = ["--signals-topic", `${topic}-signals`, "--cql-keyspace", keyspace, "--cql-replication", replication];
  return { kind: "serve", door: "http", listen: ["--tcp", "127.0.0.1:0", ...shared, "--replication", "1", ...own] };
}

/** The engines' processes, each once; throws where one is neither named nor found. */
function engineParts({ kafka, cql, pids }: Engines): readonly Part[] {
  const part = (name: string, addresses: string, given: number | undefined): readonly Part[] => {
    const found = addresses.split(",").map((address) => listeningProcess(parseAddress(address).port));
    const known = new Set((given === undefined ? found : [given]).filter((pid) => pid !== undefined));
    return Array.from(known, (pid, index) => ({
      name: index === 0 ? name : `${name} ${index + 1}`,
      probe: probeProcess(pid),
    }));
  };
  return [...part("kafka", kafka, pids?.[0]), ...part("cql", cql, pids?.[1])];
}
