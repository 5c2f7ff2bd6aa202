/**
 * Load tool, the relay as a program: listens until it is told to end. Its rooms are those that the package ships.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { parseAddress } from "./launch.ts";
import { createRelay, type RelayRoom } from "./relay.ts";

/** Listens at `HOST:PORT` and says so in one line of JSON; resolves with `true` after SIGTERM or ctrl-c. */
export async function serveRelay(address: string): Promise<boolean> {
  const { host, port } = parseAddress(address);
  const path = new URL("../../resources/rooms.json", import.meta.url);
  const rooms = JSON.parse(await readFile(path, "utf8")) as readonly RelayRoom[];
  const server = createRelay(rooms);
  // Users come by the hundred at once; with the default backlog of 511 the kernel would refuse some.
  server.listen({ host, port, backlog: 4096 });
  await once(server, "listening");
  const bound = server.address() as AddressInfo;
  process.stdout.write(
    `${JSON.stringify({ msg: "listening", tcp: `${host.includes(":") ? `[${host}]` : host}:${bound.port}`, pid: process.pid })}\n`,
  );
  await new Promise<void>((resolve) => {
    process.removeAllListeners("SIGTERM").once("SIGTERM", () => resolve());
    process.removeAllListeners("SIGINT").once("SIGINT", () => resolve());
  });
  return true;
}
