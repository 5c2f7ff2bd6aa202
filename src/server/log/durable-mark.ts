/**
 * Stage 3: the file `durable`, which says how far the log is on the disk. Another process reads up to it and no
 * further (LOG-1), and at the start damage below it is told from a torn tail above it (LOG-6). May touch: that file.
 *
 * It is overwritten in place after each commit and not synced: a mark that lags behind is harmless, one that runs
 * ahead can't be, for it is written after the commit's own sync.
 */
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import type { LogFile, LogFiles } from "./log-files.ts";

/** Where the durable log ends. */
export interface DurableEnd {
  /** The position after the last durable record. */
  readonly position: number;
  /** The segment written to, by the position that it begins with. */
  readonly segment: number;
  /** Its durable bytes. */
  readonly bytes: number;
}

const MARK_BYTES = 32;
const MARK_FORMAT = 1;
const MAGIC = Buffer.from("verbmrk", "latin1");

/** The mark's path in the log's folder. */
export function markPath(folder: string): string {
  return join(folder, "durable");
}

/** The mark as bytes: magic 7, format 1, position 6, segment 6, bytes 6, 0 0, CRC-32C 4; little-endian. */
export function encodeMark(end: DurableEnd): Buffer {
  const mark = Buffer.alloc(MARK_BYTES);
  mark.set(MAGIC, 0);
  mark[7] = MARK_FORMAT;
  mark.writeUIntLE(end.position, 8, 6);
  mark.writeUIntLE(end.segment, 14, 6);
  mark.writeUIntLE(end.bytes, 20, 6);
  mark.writeUInt32LE(crc32c(mark.subarray(0, 28)), 28);
  return mark;
}

/** What a mark says, or `undefined` where it is no whole one: torn, or just being overwritten. */
function decodeMark(mark: Buffer): DurableEnd | undefined {
  if (mark.length < MARK_BYTES || !mark.subarray(0, 7).equals(MAGIC) || mark[7] !== MARK_FORMAT) return undefined;
  if (crc32c(mark.subarray(0, 28)) !== mark.readUInt32LE(28)) return undefined;
  return { position: mark.readUIntLE(8, 6), segment: mark.readUIntLE(14, 6), bytes: mark.readUIntLE(20, 6) };
}

/** Reads the mark of an open file. */
export async function readMark(file: LogFile): Promise<DurableEnd | undefined> {
  const mark = Buffer.alloc(MARK_BYTES);
  const got = await file.read(mark, 0, MARK_BYTES, 0);
  return decodeMark(mark.subarray(0, got));
}

/** The mark of the log that this process owns. */
export class DurableMark {
  readonly #file: LogFile;
  #wanted: DurableEnd | undefined;
  #writing: Promise<void> | undefined;
  #fault: string | undefined;

  private constructor(file: LogFile) {
    this.#file = file;
  }

  /** Opens the mark of a folder, and makes it where there is none. */
  static async open(files: LogFiles, folder: string): Promise<DurableMark> {
    return new DurableMark(await files.open(markPath(folder), "write"));
  }

  /** What the file says now, or `undefined` where it says nothing that can be trusted. */
  read(): Promise<DurableEnd | undefined> {
    return readMark(this.#file);
  }

  /** Why the last write failed; other processes then see less than there is, and the next commit tries again. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Moves the mark soon. What comes while one write is under way becomes the next one. */
  advance(end: DurableEnd): void {
    this.#wanted = end;
    this.#writing ??= this.#write();
  }

  /** Resolves when what was asked for stands in the file, and is on the disk. Rejects where it could not. */
  async sync(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#fault !== undefined) throw new Error(this.#fault);
    await this.#file.datasync();
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#file.close();
  }

  async #write(): Promise<void> {
    while (this.#wanted !== undefined) {
      const end = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#file.write(encodeMark(end), MARK_BYTES, 0);
        this.#fault = undefined;
      } catch (error) {
        this.#fault = `the durable mark could not be written: ${(error as Error).message}`;
      }
    }
    this.#writing = undefined;
  }
}
