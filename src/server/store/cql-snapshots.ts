/**
 * Stage 5, snapshots on CQL: pieces first, then the row that says there is one, with its length and checksum. Two
 * writers never mix their pieces, for each snapshot has an id of its own. Touches the database through the session.
 */
import { crc32c } from "@node-rs/crc32";
import { bytesIn, CqlColumnError, type CqlRow, numberIn, uuidIn, whole } from "../cql/rows.ts";
import type { CqlSession } from "../cql/session.ts";
import type { Uuid } from "../record.ts";
import { IdMaker } from "../uuid.ts";
import { writeTime } from "./cql-schema.ts";
import { type Snapshot, StoreDamaged } from "./message-store.ts";

/** Bytes of a piece at the most. */
const PIECE_BYTES_MAX = 256 * 1024;
/** Pieces that are read at once. */
const PIECES_READ = 8;
/** How many snapshots of a partition are kept. */
const KEPT = 2;
/** How often a read starts again where a snapshot was replaced meanwhile. */
const READS_MAX = 5;

const SELECT_HEADS = "SELECT position, id, bytes, crc32c FROM snapshots WHERE partition = ?";
const SELECT_PIECES = "SELECT piece, data FROM snapshot_pieces WHERE partition = ? AND position = ? AND id = ?";
const INSERT_HEAD =
  "INSERT INTO snapshots (partition, position, id, bytes, crc32c) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
const INSERT_PIECE =
  "INSERT INTO snapshot_pieces (partition, position, id, piece, data) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
const TABLES = ["snapshots", "snapshot_pieces"] as const;
const deleteBefore = (table: string): string =>
  `DELETE FROM ${table} USING TIMESTAMP ? WHERE partition = ? AND position < ?`;
const deleteOthers = (table: string): string =>
  `DELETE FROM ${table} USING TIMESTAMP ? WHERE partition = ? AND position = ? AND id < ?`;

/** What stands in the table `snapshots`. */
interface Head {
  readonly position: number;
  readonly id: Uuid;
  readonly bytes: number;
  readonly crc32c: number;
}

/** The snapshots of a store. */
export class CqlSnapshots {
  readonly #session: CqlSession;
  readonly #damaged: (error: StoreDamaged) => void;
  readonly #ids: IdMaker;

  /** `damaged` hears of a snapshot that is passed over. */
  constructor(session: CqlSession, damaged: (error: StoreDamaged) => void) {
    this.#session = session;
    this.#damaged = damaged;
    this.#ids = new IdMaker(session.clock, session.chance);
  }

  /** Positions of those that are kept of a partition, ascending. */
  async positions(partition: number): Promise<number[]> {
    const heads = await this.#heads(partition);
    return [...new Set(heads.map(({ position }) => position))].sort((a, b) => a - b).slice(-KEPT);
  }

  /** Puts a snapshot, unless two newer ones are kept, and removes what is then older than the two newest. */
  async put(partition: number, snapshot: Snapshot): Promise<void> {
    const { position } = snapshot;
    // A copy: the caller may use its memory again before a piece that is sent once more has gone out.
    const bytes = Buffer.from(snapshot.bytes);
    const others = (await this.positions(partition)).filter((kept) => kept !== position);
    const kept = [...others, position].sort((a, b) => a - b).slice(-KEPT);
    if (!kept.includes(position)) return;
    const id = this.#ids.make();
    const place = [partition, BigInt(position), id];
    const time = writeTime(position);
    for (let piece = 0; piece * PIECE_BYTES_MAX < bytes.length; piece++) {
      const data = bytes.subarray(piece * PIECE_BYTES_MAX, (piece + 1) * PIECE_BYTES_MAX);
      await this.#session.write(INSERT_PIECE, [...place, piece, data, time]);
    }
    await this.#session.write(INSERT_HEAD, [...place, bytes.length, BigInt(crc32c(bytes)), time]);
    const [oldestKept] = kept;
    // While there is one only, an older one may still come: nothing before it is as good as removed yet.
    if (oldestKept !== undefined && kept.length === KEPT) await this.#removeBefore(partition, oldestKept);
    await this.#removeOthers(partition, position, id);
  }

  /** The newest at or before a position that checks out; an older one leads to the same state, only later. */
  async newest(partition: number, atOrBefore: number): Promise<Snapshot | undefined> {
    for (let read = 1; ; read++) {
      const heads = (await this.#heads(partition)).filter(({ position }) => position <= atOrBefore);
      let isReplaced = false;
      for (const head of heads.reverse()) {
        try {
          return { position: head.position, bytes: await this.#bytes(partition, head) };
        } catch (error) {
          if (!(error instanceof StoreDamaged)) throw error;
          // Pieces go before their head does: what is not listed any more was removed while it was read.
          const now = await this.#heads(partition);
          isReplaced = !now.some(({ id }) => id === head.id);
          if (isReplaced && read < READS_MAX) break;
          this.#damaged(error);
        }
      }
      if (!isReplaced || read >= READS_MAX) return undefined;
    }
  }

  /** Ascending by position, and those of one position by when they were made. */
  async #heads(partition: number): Promise<Head[]> {
    const rows = await this.#session.rows(SELECT_HEADS, [partition]);
    return rows.flatMap((row) => headIn(row, partition, this.#damaged) ?? []);
  }

  async #bytes(partition: number, { position, id, bytes, crc32c: checksum }: Head): Promise<Buffer> {
    const parts: Buffer[] = [];
    const name = `the store's snapshot of partition ${partition} at ${position}`;
    for await (const page of this.#session.pages(SELECT_PIECES, [partition, BigInt(position), id], PIECES_READ)) {
      for (const row of page) {
        if (numberIn(row, "piece") !== parts.length) {
          throw new StoreDamaged(undefined, position, `${name} lacks its piece ${parts.length}`);
        }
        parts.push(bytesIn(row, "data") ?? Buffer.alloc(0));
      }
    }
    const all = Buffer.concat(parts);
    if (all.length !== bytes) {
      throw new StoreDamaged(undefined, position, `${name} has ${all.length} of its ${bytes} bytes`);
    }
    if (crc32c(all) !== checksum) throw new StoreDamaged(undefined, position, `${name} fails its checksum`);
    return all;
  }

  /** Half-written ones are among what goes, and what a writer who was held up brings of them afterwards. */
  async #removeBefore(partition: number, position: number): Promise<void> {
    for (const table of TABLES) {
      await this.#session.write(deleteBefore(table), [writeTime(position), partition, BigInt(position)]);
    }
  }

  /** Removes those of the same position that were made before. */
  async #removeOthers(partition: number, position: number, id: Uuid): Promise<void> {
    for (const table of TABLES) {
      await this.#session.write(deleteOthers(table), [writeTime(position), partition, BigInt(position), id]);
    }
  }
}

function headIn(row: CqlRow, partition: number, damaged: (error: StoreDamaged) => void): Head | undefined {
  try {
    return {
      position: whole(numberIn(row, "position"), "position"),
      id: whole(uuidIn(row, "id"), "id"),
      bytes: whole(numberIn(row, "bytes"), "bytes"),
      crc32c: whole(numberIn(row, "crc32c"), "crc32c"),
    };
  } catch (error) {
    if (!(error instanceof CqlColumnError)) throw error;
    const position = Number(row["position"]);
    const message = `the store's snapshot of partition ${partition} at ${position}: ${error.message}`;
    damaged(new StoreDamaged(undefined, position, message, { cause: error }));
    return undefined;
  }
}
