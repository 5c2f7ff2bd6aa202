/**
 * Test support, load: messages at a rate, by the clock: whoever falls behind catches up, so that slowness shows as
 * latency and never as less load. And what a server's process makes of it.
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Chatter } from "./load-chatter.ts";
import type { LoadRoom } from "./load-room.ts";

const TICK_MS = 10;

/**
 * Lets each of `chatters` in turn say something in a room, so many times a second all together. Resolves with how many
 * messages that were once the last is out; a machine that is late does not send fewer.
 */
export async function sayPaced(
  chatters: readonly Chatter[],
  room: LoadRoom,
  perSecond: number,
  durationMs: number,
): Promise<number> {
  const total = Math.floor((durationMs * perSecond) / 1000);
  const begin = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begin + TICK_MS) * perSecond) / 1000));
    for (; sent < due; sent++) chatters[sent % chatters.length]?.say(room);
    await delay(TICK_MS);
  }
  return total;
}

/** Memory of a process that no file stands behind, in bytes: what it holds itself, maps of its store left out. */
export function ownBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = /^RssAnon:\s+(\d+) kB/m.exec(status)?.[1];
  if (kib === undefined) throw new Error("no RssAnon in /proc");
  return Number(kib) * 1024;
}

/** Looks at a process's memory until it is told to stop, and keeps the most. */
export class MemoryWatch {
  peakBytes = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.peakBytes = Math.max(this.peakBytes, ownBytes(pid));
    }, 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
