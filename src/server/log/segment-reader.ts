/**
 * Stage 3: reads the embedded log from another process, while its owner appends (LOG-3). It sees what the owner's mark
 * says is durable and nothing beyond (LOG-1). May touch: the log's folder, reading.
 */
import { type Clock, pause } from "../clock.ts";
import type { DurableEnd } from "./durable-mark.ts";
import { markPath, readMark } from "./durable-mark.ts";
import type { LogFile, LogFiles } from "./log-files.ts";
import type { LogBatch, LogBounds, MessageLog } from "./message-log.ts";
import { LogError } from "./message-log.ts";
import { readBatches } from "./read-batches.ts";
import { SegmentCursor } from "./segment-cursor.ts";
import { segmentBases } from "./segment-format.ts";

/** How often a reader at the end looks for more, in milliseconds. */
const LOOK_EVERY_MS = 20;
/** How often a mark is read again that was just being overwritten. */
const MARK_TRIES_MAX = 50;

/** Where the log lives. */
export interface SegmentReaderOptions {
  /** The log's own folder, as its owner was given it. */
  readonly dir: string;
  readonly files: LogFiles;
  readonly clock: Clock;
}

/** Opens a log for reading. Rejects with the machine's error where there is none. */
export async function openSegmentReader(options: SegmentReaderOptions): Promise<SegmentReader> {
  return new SegmentReader(options, await options.files.open(markPath(options.dir), "read"));
}

/** A log that another process owns. Made by `openSegmentReader`. */
export class SegmentReader implements Pick<MessageLog, "read" | "bounds" | "close"> {
  readonly #options: SegmentReaderOptions;
  readonly #mark: LogFile;
  #isClosed = false;

  constructor(options: SegmentReaderOptions, mark: LogFile) {
    this.#options = options;
    this.#mark = mark;
  }

  read(partition: number, from: number, signal: AbortSignal): AsyncIterable<LogBatch> {
    checkPartition(partition);
    const { files, dir, clock } = this.#options;
    const cursor = new SegmentCursor(files, dir, undefined);
    let view: { readonly bases: readonly number[]; readonly end: DurableEnd } | undefined;
    return readBatches(from, signal, clock, {
      isClosed: () => this.#isClosed,
      bounds: async () => {
        view = await this.#view();
        return boundsOf(view.bases, view.end);
      },
      next: (at) => {
        if (view === undefined) throw new Error("next before bounds");
        return cursor.next(at, view);
      },
      more: () => pause(clock, LOOK_EVERY_MS),
      close: () => cursor.close(),
    });
  }

  async bounds(partition: number): Promise<LogBounds> {
    checkPartition(partition);
    const { bases, end } = await this.#view();
    return boundsOf(bases, end);
  }

  /** Ends the reads and lets go of the files. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#mark.close();
  }

  async #view(): Promise<{ readonly bases: readonly number[]; readonly end: DurableEnd }> {
    const end = await this.#end();
    const bases = segmentBases(await this.#options.files.list(this.#options.dir));
    // The owner may have begun a segment in which nothing is durable yet.
    return { bases: bases.filter((base) => base <= end.segment), end };
  }

  async #end(): Promise<DurableEnd> {
    for (let tries = 0; tries < MARK_TRIES_MAX; tries += 1) {
      const end = await readMark(this.#mark);
      if (end !== undefined) return end;
    }
    throw new LogError("damaged", 0, "the log's durable mark can't be read; a start of the server writes it anew");
  }
}

function boundsOf(bases: readonly number[], end: DurableEnd): LogBounds {
  return { begin: bases[0] ?? end.position, end: end.position };
}

function checkPartition(partition: number): void {
  if (partition !== 0) throw new RangeError(`there is no partition ${partition}`);
}
