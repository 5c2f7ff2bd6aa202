/**
 * The command line: `verbatim check`. Reads the whole log, holds the store against it, and the directory against itself;
 * changes nothing, and may run beside a server.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { readDataFolder } from "../server/data-folder/data-folder.ts";
import { openLmdbDirectory } from "../server/directory/lmdb.ts";
import { KeptSnapshotFiles } from "../server/log/kept-snapshots.ts";
import { nodeFiles } from "../server/log/log-files.ts";
import type { LogCheck } from "../server/log/verify.ts";
import { StartError } from "../server/start-error.ts";
import type { LmdbStore } from "../server/store/lmdb.ts";
import { openLmdbStore } from "../server/store/lmdb.ts";
import { CheckedLog } from "./checked-log.ts";
import { reason } from "./compare-room.ts";
import { compareStore } from "./compare-store.ts";
import { requireOwnFormat } from "./data-shape.ts";
import { Findings } from "./findings.ts";
import { say } from "./say.ts";

/** The one partition of the embedded log. */
const PARTITION = 0;

/**
 * Checks a data folder and prints what it found; resolves with the exit code: 0 = nothing wrong.
 * @throws StartError where the folder is none, or one of another version
 */
export async function check(folder: string): Promise<number> {
  const paths = await readDataFolder(folder);
  requireOwnFormat(paths);
  const findings = new Findings();
  const inDirectory = new Findings();
  const log = new CheckedLog(nodeFiles, paths.log);
  const hasLog = await exists(paths.log);
  // Opened before the log is read: what its checkpoint covers then, the log has.
  const store = await openStore(paths.store, findings);
  try {
    if (!hasLog) {
      findings.add(`log: the folder ${paths.log} is missing`);
    } else if (store === undefined) {
      const checked = await log.check();
      tellLog(paths.log, checked, findings);
      if (checked.records > 0) findings.add(`store: there is none in ${paths.store}; a start rebuilds it from the log`);
    } else {
      await checkBoth(paths.log, paths.store, log, store, findings);
    }
    if (hasLog) await checkKeptSnapshots(paths.log, findings);
    const isNew = hasLog && (await log.check()).records === 0;
    await checkDirectory(paths.directory, isNew, inDirectory);
  } finally {
    await store?.close();
  }
  const count = findings.count + inDirectory.count;
  if (count === 0) {
    say("found nothing wrong");
    return 0;
  }
  say(`found ${count} ${count === 1 ? "thing" : "things"} wrong:`);
  for (const line of [...findings.lines(), ...inDirectory.lines()]) say(`  ${line}`);
  if (findings.count > 0) say(`verbatim repair ${paths.dir} brings log and store back to what both can be read up to`);
  if (inDirectory.count > 0)
    say(`put ${paths.directory} back from a backup: what is lost of accounts, sign-ins and bans stands nowhere else`);
  return 1;
}

async function checkBoth(
  logFolder: string,
  storeFolder: string,
  log: CheckedLog,
  store: LmdbStore,
  findings: Findings,
): Promise<void> {
  const inStore = new Findings();
  const kept = new KeptSnapshotFiles(nodeFiles, logFolder, () => undefined);
  const keptSnapshot = (least: number) => kept.oldest(least);
  try {
    const compared = await compareStore({ partition: PARTITION, log, store, keptSnapshot, findings: inStore });
    tellLog(logFolder, await log.check(), findings);
    const { checkpoint, matched, dropped, beforeLog } = compared;
    say(`store ${storeFolder}: written up to position ${checkpoint}; ${matched} records stand as the log has them`);
    if (dropped > 0) say(`      ${dropped} repeats of a key, which every reader drops`);
    if (beforeLog > 0) say(`      ${beforeLog} older records, which the log no longer holds, without a hole`);
  } catch (error) {
    if (error instanceof StartError) throw error;
    tellLog(logFolder, await log.check(), findings);
    inStore.add(`store: can't be read: ${reason(error)}`);
  }
  findings.addAll(inStore);
}

function tellLog(folder: string, checked: LogCheck, findings: Findings): void {
  const { segments, batches, records, recordsSetAside, bytes, begin, end } = checked;
  say(`log   ${folder}: positions ${begin} to ${end}, ${records} records in ${batches} batches, ${segments} segments`);
  say(`      ${bytes} bytes`);
  if (recordsSetAside > 0)
    say(`      ${recordsSetAside} records without a whole envelope, which every reader sets aside`);
  for (const { kind, segment, offset, bytes: length, position, what } of checked.findings) {
    const where = `${segment}, byte ${offset}, position ${position}`;
    if (kind === "damaged") findings.add(`log: ${where}: ${what}`);
    else say(`      ${where}: ${length} bytes that nobody was told are kept; the next start cuts them off`);
  }
}

/** Each snapshot beside the log must be whole: one of them may have to stand in for a lost store. */
async function checkKeptSnapshots(folder: string, findings: Findings): Promise<void> {
  const faults = new Set<string>();
  const kept = new KeptSnapshotFiles(nodeFiles, folder, (error) => faults.add(error.message));
  const positions = await kept.positions();
  for (const position of positions) await kept.oldest(position);
  for (const fault of faults) findings.add(`log: the snapshot ${fault}`);
  if (positions.length > 0) say(`      ${positions.length} snapshots beside the log`);
}

/** Everybody who can be found must be found everywhere that they are looked for. */
async function checkDirectory(folder: string, isNew: boolean, findings: Findings): Promise<void> {
  if (!(await exists(join(folder, "data.mdb")))) {
    if (isNew) return;
    findings.add(`directory: there is none in ${folder}; a start makes one in which nobody has an account`);
    return;
  }
  try {
    const directory = await openLmdbDirectory({ dir: folder, readOnly: true });
    try {
      const { accounts, values, findings: found } = await directory.check();
      say(`directory ${folder}: accounts: ${accounts}; ${values} values are as they were written`);
      for (const finding of found) findings.add(`directory: ${finding}`);
    } finally {
      await directory.close();
    }
  } catch (error) {
    findings.add(`directory: can't be read: ${reason(error)}`);
  }
}

async function openStore(folder: string, findings: Findings): Promise<LmdbStore | undefined> {
  if (!(await exists(join(folder, "data.mdb")))) return undefined;
  try {
    // What it passes over, the comparison finds and names.
    return await openLmdbStore({ dir: folder, readOnly: true, damaged: () => undefined });
  } catch (error) {
    findings.add(`store: ${folder} can't be opened: ${reason(error)}`);
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
