/**
 * Stage 5, the tables of the store on CQL, and how time and place stand in them. Pure.
 *
 * Whatever is projected from the log is written with its place in the log as its time (`writeTime`): the database keeps
 * the latest, so that what a writer brings who was held up changes nothing that was written after it. What only ever
 * grows, a floor, has itself as its time, to the same end.
 */
import type { Migration } from "../cql/migrations.ts";

/** Seqs that stand in one partition of the database: bucket b of a room has b × 10,000 to b × 10,000 + 9,999. */
export const BUCKET_SEQS = 10_000;

/** The bucket of a seq. */
export const bucketOf = (seq: number): number => Math.floor(seq / BUCKET_SEQS);

/** The time of a write, as the database has it, for a place in the log: no place has time 0. */
export const writeTime = (position: number): bigint => BigInt(position) + 1n;

/** The tables of the store. */
export const CQL_STORE_MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: "messages, rooms, checkpoints and snapshots",
    statements: [
      // Newest first: the newest page is what somebody waits for.
      `CREATE TABLE IF NOT EXISTS messages (
        room uuid, bucket int, seq bigint, n bigint, position bigint, kind text, version int, message_id uuid,
        sender_id uuid, sender_name text, key text, time timestamp, body text,
        PRIMARY KEY ((room, bucket), seq)) WITH CLUSTERING ORDER BY (seq DESC)`,
      // bucket: the newest that has begun. floor: the lowest seq that is kept. cleared: what is below it is deleted.
      `CREATE TABLE IF NOT EXISTS rooms (room uuid PRIMARY KEY, bucket int, floor bigint, cleared bigint)`,
      `CREATE TABLE IF NOT EXISTS checkpoints (partition int PRIMARY KEY, position bigint)`,
      // A snapshot is there once its row is here; its pieces come before. id: two writers never mix theirs.
      `CREATE TABLE IF NOT EXISTS snapshots (
        partition int, position bigint, id uuid, bytes int, crc32c bigint,
        PRIMARY KEY (partition, position, id))`,
      `CREATE TABLE IF NOT EXISTS snapshot_pieces (
        partition int, position bigint, id uuid, piece int, data blob,
        PRIMARY KEY (partition, position, id, piece))`,
    ],
  },
];
