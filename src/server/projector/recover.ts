/**
 * Stage 4, at the start: holds log and store against each other and finds where to fold on from. What does not fit
 * together refuses the start; a store that was lost is made to begin where the log can still number its records.
 */
import type { LogBounds, MessageLog } from "../log/message-log.ts";
import type { Uuid } from "../record.ts";
import { StartError } from "../start-error.ts";
import type { MessageStore } from "../store/message-store.ts";
import { type FoldStarts, NoFoldStart } from "./fold-starts.ts";
import type { FoldStart } from "./snapshot.ts";
import { encodeSnapshot } from "./snapshot.ts";

/** How a partition goes on. */
export interface Recovered {
  /** The state to fold on from. */
  readonly start: FoldStart;
  /** The store's checkpoint: what lies from here on is written. */
  readonly checkpoint: number;
  /** The end of the log: once it is reached, sessions may come. */
  readonly end: number;
}

/** Finds how a partition goes on. Throws a `StartError` where log and store don't fit together. */
export async function recoverPartition(
  partition: number,
  log: MessageLog,
  store: MessageStore,
  starts: FoldStarts,
): Promise<Recovered> {
  // In this order: another node may be writing.
  const checkpoint = await store.checkpoint(partition);
  const bounds = await log.bounds(partition);
  // One of several is one of a cluster, which has no folder.
  const isOneOfMany = log.partitions > 1;
  checkFit(bounds, checkpoint, isOneOfMany ? partition : undefined);
  const start = await startAt(starts, checkpoint);
  if (start.position <= checkpoint) return { start, checkpoint, end: bounds.end };
  if (checkpoint > 0) {
    const where = isOneOfMany ? ` of partition ${partition}` : "";
    const todo = isOneOfMany
      ? "restore topic and database from one backup"
      : "move the folder store away to have it rebuilt from there";
    throw new StartError(
      `the store${where} stands at position ${checkpoint}, but the log can only be numbered from ${start.position} on: ${todo}`,
    );
  }
  // The store is new or was lost, and the log's beginning is gone: what lies before the start is told as reset.
  const floors = new Map<Uuid, number>();
  for (const [room, head] of start.sequencer.heads()) floors.set(room, head.seq + 1);
  const snapshot = { position: start.position, bytes: encodeSnapshot(start) };
  await store.begin(partition, start.position, floors, snapshot);
  return { start, checkpoint: start.position, end: bounds.end };
}

/** `partition` where there are several. */
function checkFit(bounds: LogBounds, checkpoint: number, partition: number | undefined): void {
  const where = partition === undefined ? "" : `partition ${partition}: `;
  const todo =
    partition === undefined
      ? "restore both from one backup, or move the folder store away to have it rebuilt from this log"
      : "restore topic and database from one backup";
  const stands = `${where}the store has been written up to position ${checkpoint}`;
  if (checkpoint > bounds.end) {
    throw new StartError(
      `${stands}, but the log ends at ${bounds.end}: the log lost its end or belongs to another store; ${todo}`,
    );
  }
  if (checkpoint > 0 && checkpoint < bounds.begin) {
    throw new StartError(`${stands}, but the log begins at ${bounds.begin}: ${todo}`);
  }
}

async function startAt(starts: FoldStarts, checkpoint: number): Promise<FoldStart> {
  try {
    return await starts.at(checkpoint);
  } catch (error) {
    if (!(error instanceof NoFoldStart)) throw error;
    throw new StartError(`${error.message}: restore the data folder from a backup`, { cause: error });
  }
}
