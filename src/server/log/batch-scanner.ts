/**
 * Stage 3: walks a segment file batch by batch, a chunk at a time. Whoever reads batches (recovery, readers, checking)
 * reads them through here. May touch: one open segment, reading.
 */
import type { BatchCheck, BatchHeader } from "./batch-format.ts";
import { BATCH_FORMAT, BATCH_HEADER_BYTES, checkBatch } from "./batch-format.ts";
import type { LogFile } from "./log-files.ts";
import { LogError } from "./message-log.ts";

/** Bytes read at once: large enough to be quick, small enough that a chunk's records are decoded within a few ms. */
export const CHUNK_BYTES = 1024 * 1024;

/** What stands next. `batch`: whole and in its place; `buffer` and `at` hold it until the next call. */
export type Scanned =
  | { readonly found: "batch"; readonly batch: BatchHeader; readonly buffer: Buffer; readonly at: number }
  | { readonly found: "end" }
  | { readonly found: "bad"; readonly why: string };

/** A walk through one segment. */
export class BatchScanner {
  readonly #file: LogFile;
  readonly #chunkBytes: number;
  #buffer = Buffer.alloc(0);
  /** The file's bytes from `#bufferAt` on stand in `#buffer` up to `#filled`. */
  #bufferAt = 0;
  #filled = 0;
  #offset: number;

  /** Begins at a byte of the file where a batch begins. */
  constructor(file: LogFile, offset: number, chunkBytes: number) {
    this.#file = file;
    this.#chunkBytes = chunkBytes;
    this.#offset = offset;
  }

  /** The byte of the file where the next batch begins. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Looks at the batch at `offset`, which has to begin with `position`, reading nothing at or after byte `end` of the
   * file. Goes on behind it only when it is whole. Throws `LogError("format")` for a newer format.
   */
  async next(position: number, end: number): Promise<Scanned> {
    if (this.#offset >= end) return { found: "end" };
    let check = this.#check(end);
    while (check.found === "short") {
      const wanted = Math.max(check.bytes, Math.min(this.#chunkBytes, end - this.#offset));
      if (this.#offset + check.bytes > end || !(await this.#fill(wanted, check.bytes))) {
        return { found: "bad", why: `the batch ends after ${end - this.#offset} of at least ${check.bytes} bytes` };
      }
      check = this.#check(end);
    }
    if (check.found === "bad") return check;
    const { batch } = check;
    if (batch.format > BATCH_FORMAT) {
      throw new LogError("format", position, `the batch at position ${position} has the newer format ${batch.format}`);
    }
    if (batch.from !== position || batch.count === 0) {
      return { found: "bad", why: `the batch holds ${batch.count} records from position ${batch.from} on` };
    }
    const at = this.#offset - this.#bufferAt;
    this.#offset += batch.bytes;
    return { found: "batch", batch, buffer: this.#buffer, at };
  }

  #check(end: number): BatchCheck {
    const at = this.#offset - this.#bufferAt;
    const filled = Math.min(this.#filled, end - this.#bufferAt);
    return at >= 0 && at < filled
      ? checkBatch(this.#buffer, at, filled)
      : { found: "short", bytes: BATCH_HEADER_BYTES };
  }

  /** Reads `wanted` bytes from `#offset` on; `false` where the file has fewer than `needed`. */
  async #fill(wanted: number, needed: number): Promise<boolean> {
    if (wanted > this.#buffer.length) {
      // Twice as long, so that a reader that follows the end does not need a new one each time a little more is there.
      const room = Math.max(wanted, Math.min(this.#buffer.length * 2, this.#chunkBytes));
      this.#buffer = Buffer.allocUnsafeSlow(room);
    }
    this.#bufferAt = this.#offset;
    this.#filled = 0;
    this.#filled = await this.#file.read(this.#buffer, 0, wanted, this.#offset);
    return this.#filled >= needed;
  }
}
