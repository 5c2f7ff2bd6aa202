/**
 * Test support: HAProxy with the configuration that is shipped, its addresses changed for free ones of this machine.
 */
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePorts } from "../../scripts/engines/engine.mjs";
import { tempFolder } from "./clean-checkout.ts";
import { startProgram } from "./programs.ts";
import { readProjectFile } from "./project-files.ts";
import { until } from "./until.ts";

/** A node behind the proxy. */
export interface ProxiedNode {
  readonly tcpPort: number;
  readonly httpPort: number;
}

/** HAProxy, running. */
export interface RunningProxy {
  readonly tcpPort: number;
  readonly httpPort: number;
  /** What it has said so far. */
  output(): string;
  close(): Promise<void>;
}

const START_WITHIN_MS = 30_000;

/** Starts it before two nodes; resolves when both its doors are open. */
export async function startHaproxy(nodes: readonly [ProxiedNode, ProxiedNode]): Promise<RunningProxy> {
  const [httpPort = 0, tcpPort = 0] = await freePorts(2);
  const folder = tempFolder("haproxy");
  const path = join(folder.path, "haproxy.cfg");
  writeFileSync(path, configuration(nodes, { tcpPort, httpPort }));
  const program = startProgram("haproxy", ["-db", "-f", path], { cwd: folder.path, env: {} });
  const close = async (): Promise<void> => {
    await program.end("SIGKILL");
    folder.remove();
  };
  try {
    for (const port of [httpPort, tcpPort]) {
      await until(
        START_WITHIN_MS,
        () => `HAProxy to listen; it said:\n${program.output()}`,
        async () => ((await isOpen(port)) ? true : undefined),
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { tcpPort, httpPort, output: () => program.output(), close };
}

/** The shipped configuration, with other addresses and nothing else changed; throws where one was not found. */
function configuration(nodes: readonly [ProxiedNode, ProxiedNode], own: ProxiedNode): string {
  let text = readProjectFile("deploy/haproxy/haproxy.cfg");
  const change = (from: string, to: string): void => {
    const changed = text.replaceAll(from, to);
    if (changed === text) throw new Error(`haproxy.cfg has no ${from}`);
    text = changed;
  };
  change("bind :8000", `bind 127.0.0.1:${own.httpPort}`);
  change("bind :8080", `bind 127.0.0.1:${own.tcpPort}`);
  for (const [at, { tcpPort, httpPort }] of nodes.entries()) {
    change(`verbatim-${at + 1}:8080 check port 8000`, `127.0.0.1:${tcpPort} check port ${httpPort}`);
    change(`verbatim-${at + 1}:8000`, `127.0.0.1:${httpPort}`);
  }
  return text;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const say = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => say(true));
    socket.once("error", () => say(false));
  });
}
