/**
 * Stage 3: walks a whole log past whatever is damaged, for `verify.ts` and `repair.ts`. May touch: the log's folder,
 * reading.
 */
import type { BatchHeader } from "./batch-format.ts";
import { checkBatch, findBatch } from "./batch-format.ts";
import { BatchScanner, CHUNK_BYTES } from "./batch-scanner.ts";
import type { DurableEnd } from "./durable-mark.ts";
import { markPath, readMark } from "./durable-mark.ts";
import type { LogFile, LogFiles } from "./log-files.ts";
import { SEGMENT_HEADER_BYTES, segmentBases, segmentHeaderFault, segmentName, segmentPath } from "./segment-format.ts";

/**
 * Something that is not as it should be.
 * - `damaged`: it had been durable; the server refuses to start, or stops reading here.
 * - `torn`: a tail that was never acknowledged, or is just being written; a start cuts it off.
 */
export interface Finding {
  readonly kind: "damaged" | "torn";
  /** The segment's file name. */
  readonly segment: string;
  /** The byte of the file where it begins. */
  readonly offset: number;
  /** How many bytes can't be read as batches. */
  readonly bytes: number;
  /** The position of the first record concerned. */
  readonly position: number;
  readonly what: string;
}

/** What a walk comes by, in the order of the log. */
export type Walked =
  | { readonly type: "segment"; readonly base: number; readonly size: number }
  | {
      readonly type: "batch";
      readonly base: number;
      readonly offset: number;
      readonly batch: BatchHeader;
      /** Holds the batch at `at` until the walk goes on. */
      readonly buffer: Buffer;
      readonly at: number;
    }
  | { readonly type: "finding"; readonly finding: Finding };

/** Walks the log of a folder. Throws the machine's errors, and `LogError("format")` for what a newer program wrote. */
export async function* walkLog(files: LogFiles, folder: string): AsyncGenerator<Walked, void, undefined> {
  // The mark first: what an owner appends meanwhile then lies above it.
  const mark = await markOf(files, folder);
  const bases = segmentBases(await files.list(folder));
  const newest = bases.at(-1);
  let expected: number | undefined;
  for (const base of bases) {
    if (expected !== undefined && expected !== base) {
      yield found("damaged", base, 0, 0, expected, `it begins with position ${base}; ${expected} was to come`);
    }
    const file = await files.open(segmentPath(folder, base), "read");
    try {
      expected = yield* walkSegment(file, base, base === newest, mark?.segment === base ? mark : undefined);
    } finally {
      await file.close();
    }
  }
  if (mark !== undefined && mark.position > 0 && (newest === undefined || newest < mark.segment)) {
    const what = `the file is missing; the log was durable up to position ${mark.position}`;
    yield found("damaged", mark.segment, 0, 0, expected ?? 0, what);
  }
}

/** Walks one segment; returns the position that has to follow, or `undefined` where its end is lost. */
async function* walkSegment(
  file: LogFile,
  base: number,
  isNewest: boolean,
  durable: DurableEnd | undefined,
): AsyncGenerator<Walked, number | undefined, undefined> {
  const size = await file.size();
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const got = await file.read(header, 0, SEGMENT_HEADER_BYTES, 0);
  const fault = segmentHeaderFault(header.subarray(0, got), base);
  if (fault === undefined) yield { type: "segment", base, size };
  else {
    const isTorn = isNewest && durable === undefined && (await findMore(file, 0, base)) === undefined;
    yield found(isTorn ? "torn" : "damaged", base, 0, Math.min(size, SEGMENT_HEADER_BYTES), base, fault);
    if (isTorn) return undefined;
  }
  let scanner = new BatchScanner(file, SEGMENT_HEADER_BYTES, CHUNK_BYTES);
  let position = base;
  for (;;) {
    const offset = scanner.offset;
    const scanned = await scanner.next(position, size);
    if (scanned.found === "batch") {
      yield { type: "batch", base, offset, batch: scanned.batch, buffer: scanned.buffer, at: scanned.at };
      position += scanned.batch.count;
      continue;
    }
    const isAboveMark = durable === undefined || offset >= durable.bytes;
    if (scanned.found === "end") {
      if (isAboveMark) return position;
      yield found("damaged", base, offset, 0, position, `it ends, though it was durable up to byte ${durable.bytes}`);
      return undefined;
    }
    const more = await findMore(file, offset + 1, position);
    const isTorn = isNewest && more === undefined && isAboveMark;
    yield found(isTorn ? "torn" : "damaged", base, offset, (more?.offset ?? size) - offset, position, scanned.why);
    if (more === undefined) return undefined;
    position = more.position;
    scanner = new BatchScanner(file, more.offset, CHUNK_BYTES);
  }
}

/** The next whole batch of a file from a byte on. */
async function findMore(
  file: LogFile,
  from: number,
  position: number,
): Promise<{ readonly offset: number; readonly position: number } | undefined> {
  const rest = Buffer.allocUnsafeSlow(Math.max((await file.size()) - from, 0));
  const got = await file.read(rest, 0, rest.length, from);
  const at = findBatch(rest.subarray(0, got), 0, position);
  if (at === undefined) return undefined;
  const check = checkBatch(rest, at, got);
  return check.found === "batch" ? { offset: from + at, position: check.batch.from } : undefined;
}

async function markOf(files: LogFiles, folder: string): Promise<DurableEnd | undefined> {
  if (!(await files.list(folder)).includes("durable")) return undefined;
  const file = await files.open(markPath(folder), "read");
  try {
    return await readMark(file);
  } finally {
    await file.close();
  }
}

function found(
  kind: Finding["kind"],
  base: number,
  offset: number,
  bytes: number,
  position: number,
  what: string,
): Walked {
  return { type: "finding", finding: { kind, segment: segmentName(base), offset, bytes, position, what } };
}
