/**
 * Test support: what a room of the SDK tells, kept.
 */
import type { Room } from "../../src/sdk/room.ts";
import type { RoomRecord } from "../../src/sdk/types.ts";

/** The records that a room tells from now on; grows as it does. */
export function recordsOf(room: Room): RoomRecord[] {
  const records: RoomRecord[] = [];
  room.on("record", (record) => records.push(record));
  return records;
}

/** The texts of the messages among records. */
export const textsOf = (records: readonly RoomRecord[]): string[] =>
  records.flatMap((record) => (record.type === "message" ? record.text : []));
