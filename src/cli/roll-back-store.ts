/**
 * The command line: brings a store that tells of more than the log back to the log's end. It makes a new store beside
 * the old one, with every record that the log's numbering covers, and leaves the old one as it is: whoever calls puts
 * one in the place of the other. What only the old store has is written down first.
 */
import type { MessageLog } from "../server/log/message-log.ts";
import { FoldStarts, type KeptSnapshots, NoFoldStart } from "../server/projector/fold-starts.ts";
import { removalOf } from "../server/projector/removals.ts";
import { encodeSnapshot, type Projection } from "../server/projector/snapshot.ts";
import { foldBatch } from "../server/projector/tail.ts";
import type { LogRecord, StoredRecord, Uuid } from "../server/record.ts";
import { StartError } from "../server/start-error.ts";
import type { MessageStore } from "../server/store/message-store.ts";
import { reason, walkRoom } from "./compare-room.ts";
import { Findings } from "./findings.ts";

/** What is rolled back. */
export interface RollBack {
  readonly partition: number;
  readonly log: MessageLog;
  readonly kept: KeptSnapshots;
  readonly old: MessageStore;
  /** Empty. */
  readonly fresh: MessageStore;
  /** Hears of each record that stands in the old store only, and resolves when it is written down. */
  readonly writeDown: (row: StoredRecord) => Promise<void>;
}

/** What a new store got. */
export interface RolledBack {
  readonly copied: number;
  /** Records that only the old store has. */
  readonly writtenDown: number;
  /**
   * Those of them that take away texts which are kept by the log: they have to be appended once more, or a store that is
   * made anew from the log would show these texts again.
   */
  readonly removals: readonly LogRecord[];
  /** What could not be read of the old one. */
  readonly findings: Findings;
}

const PAGE = { records: 2_048, bytes: 8 * 1024 * 1024 };

/**
 * Fills the new store up to the end of the log.
 * @throws StartError where the log holds no state to number its end by
 */
export async function rollBackStore({ partition, log, kept, old, fresh, writeDown }: RollBack): Promise<RolledBack> {
  const { end } = await log.bounds(partition);
  const projection = await foldUpTo(partition, log, new FoldStarts(partition, log, old, kept), end);
  const { sequencer } = projection;
  const findings = new Findings();
  const counted = { copied: 0, writtenDown: 0 };
  const removals: LogRecord[] = [];
  const floors = new Map<Uuid, number>();
  for (const room of await old.rooms()) floors.set(room, await old.floor(room));
  for (const room of floors.keys()) {
    const { seq: head } = sequencer.head(room);
    for await (const row of rowsAfter(old, room, head, findings)) {
      await writeDown(row);
      counted.writtenDown += 1;
      if ((removalOf(row)?.seq ?? Number.POSITIVE_INFINITY) <= head) removals.push(row.record);
    }
  }
  await fresh.begin(partition, end, floors, { position: end, bytes: encodeSnapshot(projection) });
  for (const [room, { seq: to }] of sequencer.heads()) {
    let rows: StoredRecord[] = [];
    const writeRows = async (): Promise<void> => {
      const nothing = { removals: [], snapshot: undefined };
      if (rows.length > 0) await fresh.write({ partition, from: 0, to: end, records: rows, ...nothing });
      counted.copied += rows.length;
      rows = [];
    };
    for (let from = 1; from <= to; from += PAGE.records) {
      const span = { room, from, to: Math.min(to, from + PAGE.records - 1) };
      await walkRoom(old, span, findings, (row) => {
        rows.push(row);
      });
      await writeRows();
    }
  }
  return { ...counted, removals, findings };
}

/** The fold's state at `end`. */
async function foldUpTo(partition: number, log: MessageLog, starts: FoldStarts, end: number): Promise<Projection> {
  const silent = { recordSetAside: () => undefined, duplicateDropped: () => undefined };
  const start = await starts.at(end).catch((error: unknown) => {
    if (error instanceof NoFoldStart) throw new StartError(`${error.message}: restore the data folder from a backup`);
    throw error;
  });
  if (start.position > end) {
    throw new StartError(
      `the log ends at ${end}, but can only be numbered from ${start.position} on: restore the data folder from a backup`,
    );
  }
  if (start.position === end) return start;
  const enough = new AbortController();
  try {
    for await (const batch of log.read(partition, start.position, enough.signal)) {
      foldBatch(partition, batch, start, silent);
      if (batch.to >= end) break;
    }
  } finally {
    enough.abort();
  }
  return start;
}

/** The rows of a room after a seq. */
async function* rowsAfter(
  store: MessageStore,
  room: Uuid,
  seq: number,
  findings: Findings,
): AsyncGenerator<StoredRecord, void, undefined> {
  for (let next = seq + 1; ; ) {
    let rows: readonly StoredRecord[];
    try {
      rows = await store.range(room, next, Number.MAX_SAFE_INTEGER, PAGE);
    } catch (error) {
      findings.add(`store: room ${room}, what follows seq ${next - 1} can't be read: ${reason(error)}`);
      return;
    }
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    next = last.seq + 1;
  }
}
