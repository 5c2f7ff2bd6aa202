/**
 * Load tool, the servers that the real one is compared with, as programs: listen, say where, go on until told to end.
 */
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { type Door, parseAddress } from "./launch.ts";

/** Listens at `HOST:PORT` and says so in one line of JSON; resolves with `true` after SIGTERM or ctrl-c. */
export async function serveUntilStopped(server: Server, door: Door, address: string): Promise<boolean> {
  const { host, port } = parseAddress(address);
  // Users come by the hundred at once; with the default backlog of 511 the kernel would refuse some.
  server.listen({ host, port, backlog: 4096 });
  await once(server, "listening");
  const bound = server.address() as AddressInfo;
  const where = `${host.includes(":") ? `[${host}]` : host}:${bound.port}`;
  process.stdout.write(`${JSON.stringify({ msg: "listening", [door]: where, pid: process.pid })}\n`);
  await new Promise<void>((resolve) => {
    process.removeAllListeners("SIGTERM").once("SIGTERM", () => resolve());
    process.removeAllListeners("SIGINT").once("SIGINT", () => resolve());
  });
  return true;
}
