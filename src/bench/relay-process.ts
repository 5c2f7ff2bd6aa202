/**
 * Load tool, the relay as a program. Its rooms are those that the package ships.
 */
import { readFile } from "node:fs/promises";
import { createRelay, type RelayRoom } from "./relay.ts";
import { serveUntilStopped } from "./serve-until-stopped.ts";

/** Serves the relay at `HOST:PORT`; resolves with `true` after SIGTERM or ctrl-c. */
export async function serveRelay(address: string): Promise<boolean> {
  const path = new URL("../../resources/rooms.json", import.meta.url);
  const rooms = JSON.parse(await readFile(path, "utf8")) as readonly RelayRoom[];
  return await serveUntilStopped(createRelay(rooms), "tcp", address);
}
