/**
 * Stage 3, at the start: finds the end of the log, cuts a torn tail off, refuses damage (LOG-6). May touch: the log's
 * folder; it writes only where it cuts, and makes durable what it hands over (LOG-1).
 */
import { findBatch } from "./batch-format.ts";
import { BatchScanner, CHUNK_BYTES } from "./batch-scanner.ts";
import type { DurableEnd } from "./durable-mark.ts";
import type { LogFile, LogFiles } from "./log-files.ts";
import { LogError } from "./message-log.ts";
import {
  damaged,
  SEGMENT_HEADER_BYTES,
  segmentBases,
  segmentHeaderFault,
  segmentName,
  segmentPath,
} from "./segment-format.ts";
import { createSegment } from "./segment-tail.ts";
import type { SparseIndex } from "./sparse-index.ts";

/** A torn tail that was cut off: a batch that was being written when the process ended, acknowledged to nobody. */
export interface CutTail {
  /** The file that it stood in. */
  readonly segment: string;
  /** The byte at which it began. */
  readonly offset: number;
  /** How many bytes. */
  readonly bytes: number;
  /** The position that its first record would have had. */
  readonly position: number;
}

/** A log that can be read and written. */
export interface Recovered {
  /** The segments, by the position that each begins with, ascending; one at least. */
  readonly bases: readonly number[];
  /** Lengths of the segments before the newest, in bytes. */
  readonly sizes: Map<number, number>;
  readonly end: DurableEnd;
  /** The newest segment, open for writing. */
  readonly file: LogFile;
  readonly cut: CutTail | undefined;
}

interface Tail {
  readonly end: DurableEnd;
  readonly cut: CutTail | undefined;
}

/** Opens the log of a folder. Throws a `LogError` for damage and newer formats, and then has changed nothing. */
export async function recover(
  files: LogFiles,
  folder: string,
  mark: DurableEnd | undefined,
  index: SparseIndex,
): Promise<Recovered> {
  const bases = segmentBases(await files.list(folder));
  checkMark(mark, bases);
  const sizes = new Map<number, number>();
  for (const base of bases.slice(0, -1)) {
    const { fault, size } = await lookAt(files, folder, base);
    if (fault !== undefined) throw damaged(base, 0, base, fault);
    sizes.set(base, size);
  }
  const newest = bases.at(-1);
  if (newest === undefined) return { bases: [0], sizes, ...(await fresh(files, folder, 0)), cut: undefined };
  const { fault } = await lookAt(files, folder, newest);
  if (fault !== undefined) {
    const cut = await tornSegment(files, folder, newest, mark, fault);
    return { bases, sizes, ...(await fresh(files, folder, newest)), cut };
  }
  const file = await files.open(segmentPath(folder, newest), "write");
  try {
    const tail = await findTail(file, newest, mark, index);
    if (tail.cut !== undefined) await file.truncate(tail.end.bytes);
    await rewrite(file, mark?.segment === newest ? mark.bytes : SEGMENT_HEADER_BYTES, tail.end.bytes);
    await file.datasync();
    await files.syncFolder(folder);
    return { bases, sizes, end: tail.end, file, cut: tail.cut };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function checkMark(mark: DurableEnd | undefined, bases: readonly number[]): void {
  if (mark === undefined) return;
  const newest = bases.at(-1);
  if (newest === undefined ? mark.position > 0 : newest < mark.segment) {
    throw new LogError(
      "damaged",
      newest ?? 0,
      `${segmentName(mark.segment)} is missing: the log was durable up to position ${mark.position}, byte ${mark.bytes} of it`,
    );
  }
  if (newest !== undefined && mark.segment < newest && mark.position > newest) {
    throw damaged(newest, 0, newest, `the log was durable up to position ${mark.position} of an earlier segment`);
  }
}

async function lookAt(
  files: LogFiles,
  folder: string,
  base: number,
): Promise<{ readonly fault: string | undefined; readonly size: number }> {
  const file = await files.open(segmentPath(folder, base), "read");
  try {
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const got = await file.read(header, 0, SEGMENT_HEADER_BYTES, 0);
    return { fault: segmentHeaderFault(header.subarray(0, got), base), size: await file.size() };
  } finally {
    await file.close();
  }
}

/** Makes the newest segment: the first one ever, or one that the end of the process cut short. */
async function fresh(
  files: LogFiles,
  folder: string,
  base: number,
): Promise<{ readonly file: LogFile; readonly end: DurableEnd }> {
  const file = await createSegment(files, folder, base);
  return { file, end: { position: base, segment: base, bytes: SEGMENT_HEADER_BYTES } };
}

/** The newest segment has no header: it was being made when the process ended, unless something durable stands in it. */
async function tornSegment(
  files: LogFiles,
  folder: string,
  base: number,
  mark: DurableEnd | undefined,
  fault: string,
): Promise<CutTail | undefined> {
  const file = await files.open(segmentPath(folder, base), "read");
  try {
    const bytes = await file.size();
    const rest = Buffer.allocUnsafeSlow(bytes);
    await file.read(rest, 0, bytes, 0);
    if (mark?.segment === base || findBatch(rest, 0, base) !== undefined) throw damaged(base, 0, base, fault);
    return bytes === 0 ? undefined : { segment: segmentName(base), offset: 0, bytes, position: base };
  } finally {
    await file.close();
  }
}

/** Walks the newest segment to its end. */
async function findTail(file: LogFile, base: number, mark: DurableEnd | undefined, index: SparseIndex): Promise<Tail> {
  const size = await file.size();
  const durable = mark?.segment === base ? mark : undefined;
  const scanner = new BatchScanner(file, SEGMENT_HEADER_BYTES, CHUNK_BYTES);
  let position = base;
  let isAboveMark = durable === undefined;
  for (;;) {
    const offset = scanner.offset;
    if (!isAboveMark && durable !== undefined && offset >= durable.bytes) {
      if (offset !== durable.bytes || position !== durable.position) {
        throw damaged(base, offset, position, `position ${durable.position} was durable at byte ${durable.bytes}`);
      }
      isAboveMark = true;
    }
    const scanned = await scanner.next(position, size);
    if (scanned.found === "batch") {
      index.add(base, position, offset);
      position += scanned.batch.count;
      continue;
    }
    const end = { position, segment: base, bytes: offset };
    const why = scanned.found === "bad" ? scanned.why : "the file ends";
    if (!isAboveMark) {
      throw damaged(base, offset, position, `${why}, though it was durable up to byte ${durable?.bytes}`);
    }
    if (scanned.found === "end") return { end, cut: undefined };
    await refuseDamageBeforeMore(file, end, size, why);
    return { end, cut: { segment: segmentName(base), offset, bytes: size - offset, position } };
  }
}

/** One batch is written at a time: with a whole one behind it, a bad one is no torn tail. */
async function refuseDamageBeforeMore(file: LogFile, end: DurableEnd, size: number, why: string): Promise<void> {
  const rest = Buffer.allocUnsafeSlow(size - end.bytes);
  await file.read(rest, 0, rest.length, end.bytes);
  const more = findBatch(rest, 1, end.position + 1);
  if (more !== undefined) {
    throw damaged(
      end.segment,
      end.bytes,
      end.position,
      `${why}, and a whole batch follows at byte ${end.bytes + more}`,
    );
  }
}

/**
 * Writes the bytes above the mark once more, as they are. A process whose sync failed leaves pages behind that the
 * kernel takes for clean; a sync alone would succeed without writing them.
 */
async function rewrite(file: LogFile, from: number, to: number): Promise<void> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, Math.max(to - from, 0)));
  for (let at = from; at < to; at += chunk.length) {
    const bytes = await file.read(chunk, 0, Math.min(chunk.length, to - at), at);
    await file.write(chunk, bytes, at);
  }
}
