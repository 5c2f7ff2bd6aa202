/**
 * The command line: `verbatim repair`. Cuts a damaged log back to what can be read, after writing down what is lost,
 * and brings the store back to where the log ends now. Nothing is deleted: what is taken out is put aside in the data
 * folder. Refuses while a server has the folder.
 */
import { access, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_LIMITS } from "../protocol/limits.ts";
import { systemClock } from "../server/clock.ts";
import { EMBEDDED_FORMAT } from "../server/compose/embedded.ts";
import { type DataFolder, openDataFolder, readDataFolder } from "../server/data-folder/data-folder.ts";
import { syncFolder } from "../server/data-folder/durable-file.ts";
import { KeptSnapshotFiles } from "../server/log/kept-snapshots.ts";
import { nodeFiles } from "../server/log/log-files.ts";
import { repairLog } from "../server/log/repair.ts";
import { SEGMENT_BYTES_MAX } from "../server/log/segment-format.ts";
import { openSegmentLog, type SegmentLog } from "../server/log/segments.ts";
import type { LogRecord } from "../server/record.ts";
import { openLmdbStore } from "../server/store/lmdb.ts";
import { requireOwnFormat } from "./data-shape.ts";
import { rollBackStore } from "./roll-back-store.ts";
import { say } from "./say.ts";

const PARTITION = 0;

/**
 * Repairs a data folder and says what it did; resolves with the exit code: 0 = a server can start with it.
 * @throws StartError where the folder is none, is in use, or can't be repaired
 */
export async function repair(dir: string): Promise<number> {
  // Opening a folder makes one where there is none; so it is read first.
  requireOwnFormat(await readDataFolder(dir));
  const folder = await openDataFolder(dir, EMBEDDED_FORMAT);
  try {
    const stamp = new Date(systemClock.now()).toISOString().replace(/[-:]|\.\d+/g, "");
    const hasCut = await cutLog(folder, stamp);
    const { log, cut } = await openSegmentLog({
      dir: folder.log,
      limits: DEFAULT_LIMITS,
      clock: systemClock,
      files: nodeFiles,
      segmentBytesMax: SEGMENT_BYTES_MAX,
    });
    try {
      if (cut !== undefined)
        say(`log   a torn tail of ${cut.bytes} bytes at ${cut.position} was cut off; nobody was told it is kept`);
      const hasStale = await putSnapshotsAside(folder, log);
      const hasRolledBack = await fitStore(folder, log, stamp);
      say(hasCut || hasStale || hasRolledBack ? "repaired; a server can start with it" : "found nothing to repair");
    } finally {
      await log.close();
    }
    return 0;
  } finally {
    folder.close();
  }
}

/** Cuts the log at its first damage; `false` where there is none. */
async function cutLog(folder: DataFolder, stamp: string): Promise<boolean> {
  const report = join(folder.dir, `lost-${stamp}.jsonl`);
  const repaired = await repairLog(nodeFiles, folder.log, report);
  if (repaired === undefined) return false;
  const { finding, end, recordsWritten, aside } = repaired;
  say(`log   ${finding.segment}, byte ${finding.offset}, position ${finding.position}: ${finding.what}`);
  say(`      written down in ${report}: what is lost, and ${recordsWritten} records behind it that can be read`);
  for (const name of aside) say(`      put aside as ${join(folder.log, name)}`);
  say(`      the log ends at position ${end} now`);
  return true;
}

/** A snapshot beyond the end of the log would number what comes next by records that are gone. */
async function putSnapshotsAside(folder: DataFolder, log: SegmentLog): Promise<boolean> {
  const { end } = await log.bounds(PARTITION);
  const stale = (await keptIn(folder).positions()).filter((position) => position > end);
  for (const position of stale) {
    const path = join(folder.log, `${String(position).padStart(20, "0")}.snapshot`);
    await rename(path, `${path}.beyond-end`);
    say(`log   a snapshot at ${position} lay beyond its end; put aside as ${path}.beyond-end`);
  }
  if (stale.length > 0) await syncFolder(folder.log);
  return stale.length > 0;
}

/** Brings the store back to the end of the log; `false` where it does not go beyond. */
async function fitStore(folder: DataFolder, log: SegmentLog, stamp: string): Promise<boolean> {
  if (!(await exists(join(folder.store, "data.mdb")))) return false;
  const damaged = (error: Error): void => say(`store ${error.message}`);
  const old = await openLmdbStore({ dir: folder.store, readOnly: true, damaged });
  const { end } = await log.bounds(PARTITION);
  const freshFolder = `${folder.store}.repaired-${stamp}`;
  const oldFolder = `${folder.store}.before-${stamp}`;
  let lostRemovals: readonly LogRecord[] = [];
  try {
    const checkpoint = await old.checkpoint(PARTITION);
    if (checkpoint <= end) return false;
    say(`store written up to position ${checkpoint}, beyond the end of the log at ${end}`);
    const report = join(folder.dir, `lost-from-store-${stamp}.jsonl`);
    const lines = await open(report, "w", 0o600);
    const fresh = await openLmdbStore({ dir: freshFolder, readOnly: false, damaged });
    try {
      const { copied, writtenDown, removals, findings } = await rollBackStore({
        partition: PARTITION,
        log,
        kept: keptIn(folder),
        old,
        fresh,
        writeDown: async (row) => {
          await lines.write(`${JSON.stringify(row)}\n`);
        },
      });
      await lines.sync();
      await syncFolder(folder.dir);
      lostRemovals = removals;
      for (const line of findings.lines()) say(`      ${line}`);
      say(`      written down in ${report}: ${writtenDown} records that only the store had`);
      say(`      ${copied} records kept; what is said next takes the numbers of those that are lost`);
    } finally {
      await lines.close();
      await fresh.close();
    }
  } finally {
    await old.close();
  }
  await rename(folder.store, oldFolder);
  await rename(freshFolder, folder.store);
  await syncFolder(folder.dir);
  say(`      the store as it was is put aside as ${oldFolder}`);
  if (lostRemovals.length > 0) {
    await Promise.all(lostRemovals.map((record) => log.append(PARTITION, [record])));
    say(`      ${lostRemovals.length} removals of messages that are kept were said once more: their texts stay away`);
  }
  return true;
}

function keptIn(folder: DataFolder): KeptSnapshotFiles {
  return new KeptSnapshotFiles(nodeFiles, folder.log, (error) => say(`log   passed over a snapshot: ${error.message}`));
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
