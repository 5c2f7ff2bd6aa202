/**
 * Stage 4: the state of the fold as the store has it, for a log that is lost: the newest snapshot, and after it the rows
 * themselves. Every record that took a seq is a row, so heads, counts and rosters come out as the log would give them,
 * and of the keys those that rows still carry.
 */
import { partitionOf } from "../partition.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import type { MessageStore } from "../store/message-store.ts";
import { decodeSnapshot, emptyProjection, type FoldStart } from "./snapshot.ts";

/** How much is read at a time. */
const PAGE = { records: 1000, bytes: 8 * 1024 * 1024 };

/** The state of a partition after everything that the store has of it, and the position after that. */
export async function foldFromStore(partition: number, partitions: number, store: MessageStore): Promise<FoldStart> {
  const checkpoint = await store.checkpoint(partition);
  const snapshot = await store.snapshot(partition, checkpoint);
  const state = snapshot === undefined ? emptyProjection() : decodeSnapshot(snapshot.bytes);
  const rows: StoredRecord[] = [];
  for (const room of await store.rooms()) {
    if (partitionOf(room, partitions) !== partition) continue;
    rows.push(...(await rowsAfter(store, room, state.sequencer.head(room).seq)));
  }
  rows.sort((one, other) => one.position - other.position);
  let position = Math.max(checkpoint, snapshot?.position ?? 0);
  for (const row of rows) {
    state.sequencer.place(row);
    state.rosters.apply(row);
    position = Math.max(position, row.position + 1);
  }
  return { position, ...state };
}

async function rowsAfter(store: MessageStore, room: Uuid, seq: number): Promise<readonly StoredRecord[]> {
  const rows: StoredRecord[] = [];
  for (let from = seq + 1; ; ) {
    const page = await store.range(room, from, Number.MAX_SAFE_INTEGER, PAGE);
    const last = page.at(-1);
    if (last === undefined) return rows;
    rows.push(...page);
    from = last.seq + 1;
  }
}
