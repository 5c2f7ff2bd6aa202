/**
 * The command line: walks through one room's rows in the store, finds the holes among them, and holds each against
 * what the log says. Reads only, through the port.
 */
import { type LogRecord, REMOVED_BODY, type StoredRecord, type Uuid, withoutText } from "../server/record.ts";
import type { MessageStore, Removal } from "../server/store/message-store.ts";
import type { Findings } from "./findings.ts";

const PAGE = { records: 2_048, bytes: 8 * 1024 * 1024 };

/** A span of a room that should stand in the store: all seqs from `from` to `to` that retention left. */
export interface Span {
  readonly room: Uuid;
  readonly from: number;
  readonly to: number;
}

/** Calls `visit` with each row of the span and adds to the findings what is missing or can't be read. */
export async function walkRoom(
  store: MessageStore,
  { room, from, to }: Span,
  findings: Findings,
  visit: (row: StoredRecord) => void,
): Promise<void> {
  let next = Math.max(from, await store.floor(room));
  while (next <= to) {
    let rows: readonly StoredRecord[];
    try {
      rows = await store.range(room, next, to, PAGE);
    } catch (error) {
      findings.add(`store: room ${room}, seqs ${next} to ${to} can't be read: ${reason(error)}`);
      return;
    }
    // A running server's retention may have taken rows away since.
    next = Math.max(next, await store.floor(room));
    for (const row of rows) {
      if (row.seq < next) continue;
      if (row.seq > next) findings.add(missing(room, next, row.seq - 1));
      visit(row);
      next = row.seq + 1;
    }
    if (rows.length === 0) {
      if (next <= to) findings.add(missing(room, next, to));
      return;
    }
  }
}

/**
 * Compares the rows of one room with what the fold made of the log; `expected` has no gap. `blank` hears of each message
 * that has no text any more, but is otherwise as it should be. Returns how many match, those included.
 */
export async function compareRoom(
  store: MessageStore,
  room: Uuid,
  expected: readonly StoredRecord[],
  blank: (message: Removal) => void,
  findings: Findings,
): Promise<number> {
  const from = expected[0]?.seq ?? 1;
  let matched = 0;
  await walkRoom(store, { room, from, to: from + expected.length - 1 }, findings, (row) => {
    const wanted = expected[row.seq - from];
    const isBlank = wanted !== undefined && row.record.body === REMOVED_BODY;
    const like = isBlank ? withoutText(wanted) : wanted;
    const difference = like === undefined ? "does not belong here" : differs(row, like);
    if (difference !== undefined) return findings.add(`store: room ${room}, seq ${row.seq} ${difference}`);
    matched += 1;
    if (like !== wanted) blank({ room, seq: row.seq });
  });
  return matched;
}

/** What differs between a row and what should stand there, or `undefined`. */
function differs(row: StoredRecord, wanted: StoredRecord): string | undefined {
  if (row.position !== wanted.position) return `holds position ${row.position} of the log, not ${wanted.position}`;
  if (row.n !== wanted.n) return `counts ${row.n} messages, not ${wanted.n}`;
  const fields = Object.keys(wanted.record) as (keyof LogRecord)[];
  const field = fields.find((name) => row.record[name] !== wanted.record[name]);
  return field === undefined ? undefined : `differs from the log in its ${field}`;
}

function missing(room: Uuid, from: number, to: number): string {
  const seqs = from === to ? `seq ${from} is` : `seqs ${from} to ${to} are`;
  return `store: room ${room}, ${seqs} missing`;
}

/** What an error says, in one line. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
