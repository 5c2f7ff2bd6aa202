/**
 * Stage 5, the keys of the embedded store. Pure. A tag, then what it belongs to, then a number in big endian, so that
 * what belongs together lies together and in order.
 */

import { readNumber, writeNumber } from "../lmdb/sealed-value.ts";
import { parseUuid, uuidText } from "../log/uuid-bytes.ts";
import type { Uuid } from "../record.ts";

const BLOCK = 0x62; // b
const CHECKPOINT = 0x63; // c
const FLOOR = 0x66; // f
const SNAPSHOT = 0x73; // s

/** The key of the block of `room` that begins with `seq`; a seq beyond 2^53 - 1 counts as that. */
export function blockKey(room: Uuid, seq: number): Buffer {
  const key = Buffer.alloc(25);
  key[0] = BLOCK;
  parseUuid(room, key, 1);
  writeNumber(Math.min(seq, Number.MAX_SAFE_INTEGER), key, 17);
  return key;
}

/** The seq in the key of a block. */
export function blockKeySeq(key: Buffer): number {
  return readNumber(key, 17);
}

/** The key of a room's floor. */
export function floorKey(room: Uuid): Buffer {
  const key = Buffer.alloc(17);
  key[0] = FLOOR;
  parseUuid(room, key, 1);
  return key;
}

/** Before, in between and after the keys of all rooms: `tag` says of what. */
export const ROOM_TAGS = [BLOCK, FLOOR] as const;

/** The lowest key of a tag. */
export function tagStart(tag: number): Buffer {
  return Buffer.of(tag);
}

/** The room in the key of a block or a floor. */
export function keyRoom(key: Buffer): Uuid {
  return uuidText(key, 1);
}

/** The lowest key after all keys of the same tag and room as `key`. */
export function afterRoom(key: Buffer): Buffer {
  const after = Buffer.from(key.subarray(0, 17));
  // Counts up by one, with a carry; the tag in front takes the last of it.
  for (let at = 16; at >= 0; at--) {
    const byte = ((after[at] ?? 0) + 1) & 0xff;
    after[at] = byte;
    if (byte !== 0) break;
  }
  return after;
}

/** The key of a partition's checkpoint. */
export function checkpointKey(partition: number): Buffer {
  const key = Buffer.alloc(5);
  key[0] = CHECKPOINT;
  key.writeUInt32BE(partition, 1);
  return key;
}

/** The key of a piece of the snapshot of `partition` at `position`. */
export function snapshotKey(partition: number, position: number, piece: number): Buffer {
  const key = Buffer.alloc(17);
  key[0] = SNAPSHOT;
  key.writeUInt32BE(partition, 1);
  writeNumber(Math.min(position, Number.MAX_SAFE_INTEGER), key, 5);
  key.writeUInt32BE(piece, 13);
  return key;
}

/** The position in the key of a snapshot. */
export function snapshotKeyPosition(key: Buffer): number {
  return readNumber(key, 5);
}

/** The number of the piece in the key of a snapshot. */
export function snapshotKeyPiece(key: Buffer): number {
  return key.readUInt32BE(13);
}
