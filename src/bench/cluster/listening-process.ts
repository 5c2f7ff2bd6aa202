/**
 * Load tool, whose process listens at a port of this machine, by `/proc`: so that the cost of an engine that somebody
 * else started can be told.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The state of a socket that listens, in `/proc/net/tcp`. */
const LISTENING = "0A";

/** The process that listens at the port; `undefined` where there is none here, or it can't be seen. */
export function listeningProcess(port: number): number | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(read(table), port)));
  if (inodes.size === 0) return undefined;
  return list("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => list(`/proc/${pid}/fd`).some((fd) => inodes.has(link(`/proc/${pid}/fd/${fd}`))));
}

/** `socket:[INODE]` of each socket in the table that listens at the port. */
export function listeningInodes(table: string, port: number): readonly string[] {
  return table.split("\n").flatMap((line) => {
    // `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`, numbers in hex.
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const at = Number.parseInt(local.slice(local.indexOf(":") + 1), 16);
    return state === LISTENING && at === port ? [`socket:[${inode}]`] : [];
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    // Another's process, or one that has just ended.
    return [];
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
