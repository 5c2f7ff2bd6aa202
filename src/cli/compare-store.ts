/**
 * The command line: holds the store against the log. It folds one partition of the log by itself and asks the store
 * for each record that must stand below its checkpoint: under the seq that the fold gives, with every field as it was
 * appended, but for the texts that were taken away. Reads only, through the ports; may run beside the server that writes.
 */
import type { LogBatch, LogBounds } from "../server/log/message-log.ts";
import { removalOf } from "../server/projector/removals.ts";
import { Sequencer } from "../server/projector/sequencer.ts";
import { decodeSnapshot } from "../server/projector/snapshot.ts";
import type { LogRecord, StoredRecord, Uuid } from "../server/record.ts";
import type { MessageStore, Removal, Snapshot } from "../server/store/message-store.ts";
import { ComparedRemovals } from "./compare-removals.ts";
import { compareRoom, reason, walkRoom } from "./compare-room.ts";
import type { Findings } from "./findings.ts";

/** What can be read of a log. */
export interface ReadableLog {
  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch>;
  bounds(partition: number): Promise<LogBounds>;
}

/** What is compared. */
export interface Comparison {
  readonly partition: number;
  readonly log: ReadableLog;
  readonly store: MessageStore;
  /** The oldest snapshot at or after a position that is kept beside the log, where the log's beginning was trimmed. */
  readonly keptSnapshot: (atOrAfter: number) => Promise<Snapshot | undefined>;
  readonly findings: Findings;
}

/** What was compared. */
export interface Compared {
  /** The store's checkpoint when the comparison began. */
  readonly checkpoint: number;
  /** The first position that the fold could start from. */
  readonly from: number;
  /** Records that stand in log and store alike. */
  readonly matched: number;
  /** Repeats of a key, which every reader drops. */
  readonly dropped: number;
  /** Records of the store that lie before `from`; only that there is no hole among them could be seen. */
  readonly beforeLog: number;
}

/** Records that are folded before the store is asked for them. */
const CHUNK_RECORDS = 8_192;

/** Compares one partition, and adds what is wrong to the findings. */
export async function compareStore(comparison: Comparison): Promise<Compared> {
  const { partition, log, store, findings } = comparison;
  const snapshots = await readSnapshots(comparison);
  const checkpoint = await store.checkpoint(partition);
  const { begin, end } = await log.bounds(partition);
  if (checkpoint > end) {
    findings.add(`store: it is written up to position ${checkpoint}, but the log can be read up to ${end} only`);
  }
  for (const position of snapshots.keys()) {
    if (position > checkpoint)
      findings.add(`store: its snapshot at ${position} lies beyond its checkpoint ${checkpoint}`);
  }
  const start = await foldStart(comparison, begin, snapshots);
  if (start === undefined) {
    findings.add(`store: the log begins at ${begin}, and no snapshot at or after it tells how to number on from there`);
    return { checkpoint, from: begin, matched: 0, dropped: 0, beforeLog: 0 };
  }
  const { sequencer } = start;
  const counted = { matched: 0, dropped: 0, beforeLog: 0 };
  for (const [room, { seq: to }] of sequencer.heads()) {
    await walkRoom(store, { room, from: 1, to }, findings, () => {
      counted.beforeLog += 1;
    });
  }
  const until = Math.min(checkpoint, end);
  const removals = new ComparedRemovals();
  const waiting = new Map<Uuid, StoredRecord[]>();
  let waitingCount = 0;
  const compareWaiting = async (): Promise<void> => {
    for (const [room, expected] of waiting) {
      counted.matched += await compareRoom(store, room, expected, (message) => removals.isBlank(message), findings);
    }
    waiting.clear();
    waitingCount = 0;
  };
  for await (const { position, record } of records(log, partition, start.position, until)) {
    compareSnapshot(snapshots, position, sequencer, findings);
    if (record === undefined) continue;
    const folded = sequencer.fold(record, position);
    if ("first" in folded) {
      counted.dropped += 1;
      continue;
    }
    const removal = removalOf(folded);
    if (removal !== undefined) removals.isRemoved(removal);
    const rows = waiting.get(record.room) ?? [];
    rows.push(folded);
    waiting.set(record.room, rows);
    waitingCount += 1;
    if (waitingCount >= CHUNK_RECORDS) await compareWaiting();
  }
  await compareWaiting();
  compareSnapshot(snapshots, until, sequencer, findings);
  await findForeign(store, sequencer, until, findings);
  await removals.settle(store, () => removalsFrom(comparison, sequencer, until), findings);
  return { checkpoint, from: start.position, ...counted };
}

/** Where the fold can start: at the beginning, or at the first snapshot that the log reaches back to. */
async function foldStart(
  { keptSnapshot, findings }: Comparison,
  begin: number,
  snapshots: ReadonlyMap<number, Snapshot>,
): Promise<{ readonly position: number; readonly sequencer: Sequencer } | undefined> {
  if (begin === 0) return { position: 0, sequencer: new Sequencer() };
  const usable: Snapshot[] = [...snapshots.values()].filter(({ position }) => position >= begin);
  const kept = await keptSnapshot(begin);
  if (kept !== undefined) usable.push(kept);
  usable.sort((a, b) => a.position - b.position);
  for (const { position, bytes } of usable) {
    try {
      return { position, sequencer: decodeSnapshot(bytes).sequencer };
    } catch (error) {
      findings.add(`the snapshot at ${position} can't be read: ${reason(error)}`);
    }
  }
  return undefined;
}

/** The records from `from` to before `until`, each with its position. */
async function* records(
  log: ReadableLog,
  partition: number,
  from: number,
  until: number,
): AsyncIterable<{ readonly position: number; readonly record: LogRecord | undefined }> {
  if (from >= until) return;
  const enough = new AbortController();
  try {
    for await (const batch of log.read(partition, from, enough.signal)) {
      for (const [index, record] of batch.records.entries()) {
        const position = batch.from + index;
        if (position < until) yield { position, record };
      }
      if (batch.to >= until) return;
    }
  } finally {
    enough.abort();
  }
}

/** What the log takes away from a position on, where the fold stands, to its end. */
async function* removalsFrom(
  { partition, log, store }: Comparison,
  sequencer: Sequencer,
  from: number,
): AsyncIterable<Removal> {
  // A running server goes on: what its store has by now the log has too, though it had not when its end was looked for.
  const { end } = await log.bounds(partition);
  const until = Math.max(end, await store.checkpoint(partition));
  for await (const { position, record } of records(log, partition, from, until)) {
    const folded = record === undefined ? undefined : sequencer.fold(record, position);
    const removal = folded === undefined || "first" in folded ? undefined : removalOf(folded);
    if (removal !== undefined) yield removal;
  }
}

/** Finds rows below the checkpoint that the log does not account for. */
async function findForeign(
  store: MessageStore,
  sequencer: Sequencer,
  until: number,
  findings: Findings,
): Promise<void> {
  for (const room of await store.rooms()) {
    const { seq: head } = sequencer.head(room);
    try {
      const [row] = await store.range(room, head + 1, Number.MAX_SAFE_INTEGER, { records: 1, bytes: 1 });
      // What lies beyond is what a running server has written since.
      if (row !== undefined && row.position < until) {
        findings.add(`store: room ${room}, seq ${row.seq} stands there, but by the log the room ends at ${head}`);
      }
    } catch (error) {
      findings.add(`store: room ${room}, what follows seq ${head} can't be read: ${reason(error)}`);
    }
  }
}

/** The store's own snapshots, by position. */
async function readSnapshots({ partition, store, findings }: Comparison): Promise<Map<number, Snapshot>> {
  const snapshots = new Map<number, Snapshot>();
  for (const position of await store.snapshots(partition)) {
    const snapshot = await store.snapshot(partition, position);
    if (snapshot?.position === position) snapshots.set(position, snapshot);
    // A running server may have let go of it meanwhile, for newer ones.
    else if ((await store.snapshots(partition)).includes(position)) {
      findings.add(`store: its snapshot at ${position} can't be read`);
    }
  }
  return snapshots;
}

/** Where the fold has come to a snapshot of the store, both must have counted alike. */
function compareSnapshot(
  snapshots: Map<number, Snapshot>,
  position: number,
  sequencer: Sequencer,
  findings: Findings,
): void {
  const snapshot = snapshots.get(position);
  if (snapshot === undefined) return;
  snapshots.delete(position);
  try {
    const { sequencer: kept } = decodeSnapshot(snapshot.bytes);
    if (!sameHeads(kept, sequencer)) {
      findings.add(`store: its snapshot at ${position} counts otherwise than the log does`);
    } else if (Buffer.compare(windowBytes(kept), windowBytes(sequencer)) !== 0) {
      findings.add(`store: its snapshot at ${position} remembers other keys than the log has`);
    }
  } catch (error) {
    findings.add(`store: its snapshot at ${position} can't be read: ${reason(error)}`);
  }
}

function sameHeads(a: Sequencer, b: Sequencer): boolean {
  if (a.heads().size !== b.heads().size) return false;
  return [...a.heads()].every(([room, { seq, n }]) => b.head(room).seq === seq && b.head(room).n === n);
}

function windowBytes(sequencer: Sequencer): Uint8Array {
  const words = sequencer.window().toWords();
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
