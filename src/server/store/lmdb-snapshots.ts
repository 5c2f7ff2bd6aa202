/**
 * Stage 5, snapshots in the embedded store: each in pieces of the size of a block, for one value of many megabytes
 * needs that many free pages in a row, and a file whose pages come and go has none.
 */

import { checkSeal, readNumber, SEAL_BYTES, SealError, seal, writeNumber } from "../lmdb/sealed-value.ts";
import type { LmdbChanges, LmdbView } from "../lmdb/view.ts";
import { BLOCK_BYTES_MAX } from "./blocks.ts";
import { snapshotKey, snapshotKeyPiece, snapshotKeyPosition } from "./lmdb-keys.ts";
import type { Snapshot } from "./message-store.ts";

const HEADER_BYTES = SEAL_BYTES + 8;
const PIECE_BYTES_MAX = BLOCK_BYTES_MAX - HEADER_BYTES;

/** How many snapshots of a partition are kept. */
const KEPT = 2;

/** Positions of the snapshots that are kept of a partition, ascending. */
export function snapshotPositions(view: LmdbView, partition: number): number[] {
  const positions: number[] = [];
  for (;;) {
    const after = snapshotKey(partition, (positions.at(-1) ?? -1) + 1, 0);
    const [key] = view.keys(after, snapshotKey(partition + 1, 0, 0), 1);
    if (key === undefined) return positions;
    positions.push(snapshotKeyPosition(key));
  }
}

/** Puts a snapshot, unless two newer ones are kept, and removes what is then older than the two newest. */
export function putSnapshot(view: LmdbView, changes: LmdbChanges, partition: number, snapshot: Snapshot): void {
  const kept = snapshotPositions(view, partition);
  const others = kept.filter((position) => position !== snapshot.position);
  const newest = [...others, snapshot.position].sort((a, b) => a - b).slice(-KEPT);
  for (const position of kept) {
    if (position !== snapshot.position && newest.includes(position)) continue;
    const end = snapshotKey(partition, position + 1, 0);
    for (const key of view.keys(snapshotKey(partition, position, 0), end, Number.MAX_SAFE_INTEGER)) changes.remove(key);
  }
  if (!newest.includes(snapshot.position)) return;
  for (let piece = 0; piece === 0 || piece * PIECE_BYTES_MAX < snapshot.bytes.length; piece++) {
    const bytes = snapshot.bytes.subarray(piece * PIECE_BYTES_MAX, (piece + 1) * PIECE_BYTES_MAX);
    const value = Buffer.allocUnsafeSlow(HEADER_BYTES + bytes.length);
    writeNumber(snapshot.bytes.length, value, SEAL_BYTES);
    value.set(bytes, HEADER_BYTES);
    changes.put(snapshotKey(partition, snapshot.position, piece), seal(value));
  }
}

/** The snapshot at exactly `position`, which is kept. Throws a `SealError` where it is not whole. */
export function getSnapshot(view: LmdbView, partition: number, position: number): Snapshot {
  const pieces: Buffer[] = [];
  let total = 0;
  let read = 0;
  view.scan(snapshotKey(partition, position, 0), snapshotKey(partition, position + 1, 0), (key, value) => {
    checkSeal(value);
    if (snapshotKeyPiece(key) !== pieces.length) throw new SealError(`lacks its piece ${pieces.length}`);
    total = readNumber(value, SEAL_BYTES);
    pieces.push(value.subarray(HEADER_BYTES));
    read += value.length - HEADER_BYTES;
    return true;
  });
  if (read !== total) throw new SealError(`has ${read} of its ${total} bytes`);
  return { position, bytes: Buffer.concat(pieces, total) };
}
