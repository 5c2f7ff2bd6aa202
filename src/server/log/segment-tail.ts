/**
 * Stage 3: the end of the log, where batches are written: one write and one fdatasync each, the file cut back after a
 * write that failed, nothing ever written again after a sync that failed (LOG-1, LOG-5). May touch: the newest segment,
 * and the folder when a new one is made.
 */
import type { DurableEnd } from "./durable-mark.ts";
import type { LogFile, LogFiles } from "./log-files.ts";
import { AppendError } from "./message-log.ts";
import { SEGMENT_HEADER_BYTES, segmentHeader, segmentPath } from "./segment-format.ts";

/** Makes the segment that begins with `base`, durably, its name included. */
export async function createSegment(files: LogFiles, folder: string, base: number): Promise<LogFile> {
  const file = await files.open(segmentPath(folder, base), "create");
  try {
    await file.write(segmentHeader(base), SEGMENT_HEADER_BYTES, 0);
  } catch (error) {
    await file.close();
    throw error;
  }
  try {
    await file.datasync();
    await files.syncFolder(folder);
  } catch (error) {
    await file.close();
    throw new SyncError(error);
  }
  return file;
}

/** A sync failed: what it was for may or may not be on the disk. */
class SyncError extends Error {
  override readonly name = "SyncError";
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The end of the log. One call at a time. */
export class SegmentTail {
  readonly #files: LogFiles;
  readonly #folder: string;
  readonly #segmentBytesMax: number;
  #file: LogFile;
  #end: DurableEnd;
  #fault: string | undefined;
  /** A new segment was begun and failed; see `roll`. */
  #mustRoll = false;

  constructor(files: LogFiles, folder: string, segmentBytesMax: number, file: LogFile, end: DurableEnd) {
    this.#files = files;
    this.#folder = folder;
    this.#segmentBytesMax = segmentBytesMax;
    this.#file = file;
    this.#end = end;
  }

  /** Where the durable log ends. */
  get end(): DurableEnd {
    return this.#end;
  }

  /** Why nothing can be written any more, or `undefined`. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /**
   * Whether a batch of so many bytes goes into a new segment. True with the first batch that would make the newest one
   * longer than `segmentBytesMax`; a segment never stays empty.
   */
  isFullFor(bytes: number): boolean {
    if (this.#mustRoll) return true;
    return this.#end.bytes > SEGMENT_HEADER_BYTES && this.#end.bytes + bytes > this.#segmentBytesMax;
  }

  /** Makes a new segment. Rejects with an `AppendError`, `not_sent`: nothing of the batch has been written yet. */
  async roll(): Promise<void> {
    const base = this.#end.position;
    let file: LogFile;
    // Half a new segment may stay behind, named after this position: nothing may be written to the old one beyond it.
    this.#mustRoll = true;
    try {
      file = await createSegment(this.#files, this.#folder, base);
      this.#mustRoll = false;
    } catch (error) {
      if (error instanceof SyncError) this.#fault = stopped("a new segment could not be synced", error);
      throw notSent(`a new segment could not be made: ${messageOf(error)}`, error);
    }
    const old = this.#file;
    this.#file = file;
    this.#end = { position: base, segment: base, bytes: SEGMENT_HEADER_BYTES };
    // All of it was synced batch by batch; nothing hangs on how the close ends.
    await old.close().catch(() => undefined);
  }

  /**
   * Writes `bytes` of a sealed batch of `count` records and resolves when they are durable. Rejects with an
   * `AppendError`: `not_sent` where the file was cut back, `unknown` where that or the sync failed, and `fault` is set.
   */
  async write(batch: Buffer, bytes: number, count: number): Promise<void> {
    const { position, segment, bytes: at } = this.#end;
    try {
      await this.#file.write(batch, bytes, at);
    } catch (error) {
      await this.#cutBack(error);
      throw notSent(`the log could not be written: ${messageOf(error)}`, error);
    }
    try {
      await this.#file.datasync();
    } catch (error) {
      // The kernel may have dropped the pages and forgotten the error: a second sync that succeeds proves nothing.
      this.#fault = stopped("a sync failed", error);
      throw new AppendError("unknown", this.#fault, { cause: error });
    }
    this.#end = { position: position + count, segment, bytes: at + bytes };
  }

  /** Lets go of the file. */
  close(): Promise<void> {
    return this.#file.close();
  }

  async #cutBack(cause: unknown): Promise<void> {
    try {
      await this.#file.truncate(this.#end.bytes);
    } catch (error) {
      this.#fault = stopped(`a write failed (${messageOf(cause)}) and could not be taken back`, error);
      throw new AppendError("unknown", this.#fault, { cause: error });
    }
  }
}

function stopped(what: string, error: unknown): string {
  return `the log takes nothing more until a restart: ${what}: ${messageOf(error)}`;
}

function notSent(message: string, cause: unknown): AppendError {
  return new AppendError("not_sent", message, { cause });
}
