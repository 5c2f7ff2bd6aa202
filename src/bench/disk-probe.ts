/**
 * Load tool, the disk: how long one fdatasync takes in a folder, so that a durable figure can be read beside it.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Writes that are timed. */
const PROBES = 200;

/** Bytes of each: about what a busy server commits at once. */
const PROBE_BYTES = 32 * 1024;

/** The type that Linux gives a folder in memory. */
const TMPFS_MAGIC = 0x01021994;

/** What a folder's disk does. */
export interface DiskSpeed {
  /** The median of appending 32 KiB and fdatasync, in µs. */
  readonly syncP50Micros: number;
  /** Whether the folder is in memory, where syncing is free and proves nothing. */
  readonly inMemory: boolean;
}

/** Measures an existing folder; leaves nothing behind. */
export function probeDisk(folder: string): DiskSpeed {
  const path = join(folder, `.disk-probe-${process.pid}`);
  const bytes = Buffer.alloc(PROBE_BYTES, 0x61);
  const file = openSync(path, "w");
  try {
    const times = Array.from({ length: PROBES }, () => {
      writeSync(file, bytes);
      const from = performance.now();
      fdatasyncSync(file);
      return (performance.now() - from) * 1000;
    });
    times.sort((a, b) => a - b);
    return { syncP50Micros: times[PROBES / 2] ?? 0, inMemory: statfsSync(folder).type === TMPFS_MAGIC };
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
