/**
 * Load tool, one measurement over HTTP: a fresh server or the bare one in a process of its own, one load against it; or
 * a server that runs already. And server and bare one in turn.
 */
import { randomUUID } from "node:crypto";
import type { DiskSpeed } from "../disk-probe.ts";
import { parseAddress } from "../launch.ts";
import { newRunTag } from "../message-layout.ts";
import { type ProcessProbe, probeProcess } from "../process-probe.ts";
import { memorySettles, onStage, type Program, type Running, type Setting } from "../stage.ts";
import { type HttpPlan, isSilent } from "./http-plan.ts";
import type { HttpResult } from "./http-result.ts";
import { type HttpTarget, type HttpView, runHttp } from "./http-run.ts";
import { setUp, type World, type WorldPlan } from "./set-up.ts";

/** What is measured. */
export type HttpSubject = "server" | "bare" | "node" | "plain";

/** What one measurement gave. */
export interface HttpMeasurement {
  readonly subject: HttpSubject | "running server";
  readonly result: HttpResult;
  /** The disk right before, where something is written to one. */
  readonly disk: DiskSpeed | undefined;
}

const SERVER: Program = { kind: "serve", door: "http", listen: ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"] };
const BARE: Program = { kind: "other", door: "http", args: ["bench", "bare-http", "--http", "127.0.0.1:0"] };

/** Starts the server, sets up people and chats, runs the plan, stops it and removes its data. */
export function measureServer(plan: HttpPlan, setting: Setting): Promise<HttpMeasurement> {
  const run = newRunTag();
  return onStage(SERVER, setting, async (stage) => {
    const act = async (running: Running, world: World): Promise<HttpMeasurement> => {
      const target: HttpTarget = { ...running, parts: undefined };
      const result = await runHttp(target, run, world, plan, viewOf(plan, target.probe, setting));
      return { subject: "server", result, disk: stage.disk };
    };
    const make = (target: Running): Promise<World> => setUp(target, run, worldOf(plan), setting.progress);
    if (!isSilent(plan)) return stage.with(async (target) => act(target, await make(target)));
    // What memory is for is only to be seen in a process that has not just made ten thousand accounts.
    const world = await stage.with(make);
    return stage.with((target) => act(target, world));
  });
}

/** Runs the plan's posts against the bare server, where nobody listens. */
export function measureBare(plan: HttpPlan, setting: Setting): Promise<HttpMeasurement> {
  const alone: HttpPlan = { ...plan, title: `bare node:http, ${plan.connections} connections`, listeners: 0 };
  return onStage(BARE, setting, (stage) =>
    stage.with(async (running) => {
      const target: HttpTarget = { ...running, parts: undefined };
      const { users, posting, chats } = worldOf(plan);
      const ids = (count: number): readonly string[] => Array.from({ length: count }, () => randomUUID());
      const cookies = ids(posting).map((id) => `user_id=${id}`);
      const world = { users: ids(users), cookies, chats: ids(chats) };
      const result = await runHttp(target, newRunTag(), world, alone, viewOf(alone, target.probe, setting));
      return { subject: "bare", result, disk: undefined };
    }),
  );
}

/** Runs the plan against a server that runs already; its processor time is known only with its process id. */
export async function measureRunning(
  address: string,
  pid: number | undefined,
  plan: HttpPlan,
  setting: Setting,
): Promise<HttpMeasurement> {
  const run = newRunTag();
  const probe = pid === undefined ? undefined : probeProcess(pid);
  const target: HttpTarget = { ...parseAddress(address), probe, parts: undefined };
  const world = await setUp(target, run, worldOf(plan), setting.progress);
  const result = await runHttp(target, run, world, plan, viewOf(plan, target.probe, setting));
  return { subject: "running server", result, disk: undefined };
}

function worldOf({ users, connections, chats }: HttpPlan): WorldPlan {
  return { users, posting: connections, chats };
}

function viewOf(plan: HttpPlan, probe: ProcessProbe | undefined, setting: Setting): HttpView {
  const settled = async (): Promise<void> => (isSilent(plan) && probe ? memorySettles(probe) : undefined);
  return { progress: setting.progress, settled };
}
