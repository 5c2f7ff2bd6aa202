/**
 * Stage 3: one reader's place in the segment files. May touch: one segment at a time, reading.
 */
import { decodeBatch, encodedRecords } from "./batch-format.ts";
import { BatchScanner, CHUNK_BYTES } from "./batch-scanner.ts";
import type { DurableEnd } from "./durable-mark.ts";
import type { LogFile, LogFiles } from "./log-files.ts";
import type { LogBatch } from "./message-log.ts";
import { trimmed } from "./read-batches.ts";
import { withoutFirst } from "./record-codec.ts";
import { damaged, SEGMENT_HEADER_BYTES, segmentHeaderFault, segmentPath } from "./segment-format.ts";
import type { SparseIndex } from "./sparse-index.ts";
import { UuidTexts } from "./uuid-bytes.ts";

/** Rooms and senders whose ids a reader keeps as text. */
const TEXTS = 1024;

/** What a cursor needs to know of the log at the moment of a read. */
export interface LogView {
  /** The segments that there are, by the position that each begins with, ascending. */
  readonly bases: readonly number[];
  /** How far may be read. */
  readonly end: DurableEnd;
}

interface OpenSegment {
  readonly base: number;
  readonly file: LogFile;
  readonly scanner: BatchScanner;
  /** Its length, known once another segment follows. */
  bytes: number | undefined;
}

/** A place in the segments. One call at a time. */
export class SegmentCursor {
  readonly #files: LogFiles;
  readonly #folder: string;
  readonly #index: SparseIndex | undefined;
  readonly #texts = new UuidTexts(TEXTS);
  #open: OpenSegment | undefined;
  /** The position that begins at the scanner's offset. */
  #position = 0;

  constructor(files: LogFiles, folder: string, index: SparseIndex | undefined) {
    this.#files = files;
    this.#folder = folder;
    this.#index = index;
  }

  /**
   * The records from position `from` on, to the end of the batch that holds it. `from` lies before the view's end.
   * Throws a `LogError` for what was trimmed, is damaged or has a newer format; any other error is the machine's.
   */
  async next(from: number, view: LogView): Promise<LogBatch> {
    let open = this.#open;
    if (open === undefined || this.#position !== from) open = await this.#seek(from, view);
    for (;;) {
      const at = open.scanner.offset;
      const isLast = open.base === view.end.segment;
      // A segment grows until another follows it, which may be long after it was opened here.
      if (!isLast && open.bytes === undefined) open.bytes = await open.file.size();
      const scanned = await open.scanner.next(this.#position, open.bytes ?? view.end.bytes);
      if (scanned.found === "bad") throw damaged(open.base, at, this.#position, scanned.why);
      if (scanned.found === "end") {
        if (isLast) throw damaged(open.base, at, this.#position, `it ends before position ${view.end.position}`);
        open = await this.#follow(open, view);
        continue;
      }
      const { batch, buffer } = scanned;
      this.#index?.add(open.base, batch.from, at);
      const to = batch.from + batch.count;
      this.#position = to;
      if (to <= from) continue;
      const records = decodeBatch(buffer, scanned.at, batch, this.#texts);
      const skipped = from - batch.from;
      const { at: start } = scanned;
      const encoded = (): Buffer | undefined =>
        // The scanner's memory has other batches in it once the cursor goes on.
        this.#position === to ? withoutFirst(encodedRecords(buffer, start, batch), skipped) : undefined;
      return { from, to, records: skipped === 0 ? records : records.slice(skipped), encoded };
    }
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  async #seek(from: number, { bases }: LogView): Promise<OpenSegment> {
    const base = bases.findLast((candidate) => candidate <= from);
    if (base === undefined) throw trimmed(from, bases[0]);
    const place = this.#index?.find(base, from);
    return this.#enter(base, place?.position ?? base, place?.offset ?? SEGMENT_HEADER_BYTES, from);
  }

  /** Goes on in the segment behind one that has been read to its end. */
  async #follow(open: OpenSegment, { bases }: LogView): Promise<OpenSegment> {
    const next = bases.find((candidate) => candidate > open.base);
    if (next !== undefined && next > this.#position && bases.includes(open.base)) {
      const why = `it ends before position ${next}, where the next one begins`;
      throw damaged(open.base, open.scanner.offset, this.#position, why);
    }
    if (next !== this.#position) throw trimmed(this.#position, bases[0]);
    return this.#enter(next, next, SEGMENT_HEADER_BYTES, next);
  }

  async #enter(base: number, position: number, offset: number, from: number): Promise<OpenSegment> {
    await this.close();
    const file = await this.#openFile(base, from);
    try {
      const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
      const got = await file.read(header, 0, SEGMENT_HEADER_BYTES, 0);
      const fault = segmentHeaderFault(header.subarray(0, got), base);
      if (fault !== undefined) throw damaged(base, 0, base, fault);
      const scanner = new BatchScanner(file, offset, CHUNK_BYTES);
      const open: OpenSegment = { base, file, scanner, bytes: undefined };
      this.#open = open;
      this.#position = position;
      return open;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #openFile(base: number, from: number): Promise<LogFile> {
    try {
      return await this.#files.open(segmentPath(this.#folder, base), "read");
    } catch (error) {
      // Another process, or a trim a moment ago, took the file away after the list was made.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw trimmed(from, undefined);
      throw error;
    }
  }
}
