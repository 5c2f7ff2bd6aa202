/**
 * Stage 3: cuts a damaged log off at the first bad batch, after writing down what is lost, for `verbatim repair`. May
 * touch: the log's folder and the report; no server may run.
 */
import { dirname, join } from "node:path";
import { decodeBatch } from "./batch-format.ts";
import { CHUNK_BYTES } from "./batch-scanner.ts";
import type { DurableEnd } from "./durable-mark.ts";
import { DurableMark } from "./durable-mark.ts";
import type { LogFile, LogFiles } from "./log-files.ts";
import { SEGMENT_HEADER_BYTES, segmentBases, segmentName, segmentPath } from "./segment-format.ts";
import { createSegment } from "./segment-tail.ts";
import type { Finding } from "./walk-log.ts";
import { walkLog } from "./walk-log.ts";

/** What a repair did. */
export interface LogRepair {
  /** The log ends before this position now. */
  readonly end: number;
  /** The damage at which it was cut. */
  readonly finding: Finding;
  /** Records behind the cut that could still be read and stand in the report. */
  readonly recordsWritten: number;
  /** Names of the files in the log's folder that hold the bytes that were taken out. */
  readonly aside: readonly string[];
}

/**
 * Repairs the log of a folder; `undefined`, and nothing was written, where nothing is damaged. First `report` is made
 * durable: lines of JSON, the first of which says what is lost, each further one a record behind the cut that can still
 * be read. Then the bytes behind the cut are put aside as `<segment>.damaged`, then the log is cut. A repair that was
 * interrupted is repeated from the start.
 */
export async function repairLog(files: LogFiles, folder: string, report: string): Promise<LogRepair | undefined> {
  const damage = await firstDamage(files, folder);
  if (damage === undefined) return undefined;
  const { finding, keep } = damage;
  const bases = segmentBases(await files.list(folder));
  const recordsWritten = await writeReport(files, folder, report, damage);
  const end = keep ?? { position: bases[0] ?? 0, segment: bases[0] ?? 0, bytes: 0 };
  const aside: string[] = [];
  if (keep !== undefined) aside.push(...(await copyAside(files, folder, keep)));
  await moveMark(files, folder, end);
  // The newest first: what is left in between still shows its damage, should this be interrupted.
  for (const base of bases.filter((other) => keep === undefined || other > keep.segment).reverse()) {
    const name = await asideName(files, folder, base);
    await files.rename(segmentPath(folder, base), join(folder, name));
    aside.push(name);
  }
  await files.syncFolder(folder);
  if (keep === undefined) await (await createSegment(files, folder, end.segment)).close();
  else await cut(files, folder, keep);
  return { end: end.position, finding, recordsWritten, aside };
}

interface Damage {
  readonly finding: Finding;
  /** The end of what is whole; `undefined` where nothing is. */
  readonly keep: DurableEnd | undefined;
}

async function firstDamage(files: LogFiles, folder: string): Promise<Damage | undefined> {
  let keep: DurableEnd | undefined;
  for await (const walked of walkLog(files, folder)) {
    if (walked.type === "segment") {
      keep = { position: walked.base, segment: walked.base, bytes: SEGMENT_HEADER_BYTES };
    } else if (walked.type === "batch") {
      const { base, batch, offset } = walked;
      keep = { position: batch.from + batch.count, segment: base, bytes: offset + batch.bytes };
    } else if (walked.finding.kind === "damaged") return { finding: walked.finding, keep };
  }
  return undefined;
}

/** Writes the report and returns how many records it holds. */
async function writeReport(files: LogFiles, folder: string, report: string, damage: Damage): Promise<number> {
  const file = await files.open(report, "create");
  try {
    const lines = new LineWriter(file);
    const findings: Finding[] = [];
    let bytes = 0;
    let to = damage.finding.position;
    const from = damage.keep?.position ?? damage.finding.position;
    for await (const walked of walkLog(files, folder)) {
      if (walked.type === "finding") {
        findings.push(walked.finding);
        bytes += walked.finding.bytes;
      } else if (walked.type === "batch" && isBehind(damage, walked.base, walked.offset)) {
        bytes += walked.batch.bytes;
        to = walked.batch.from + walked.batch.count;
      }
    }
    await lines.write({ cutAt: damage.keep ?? null, lost: { from, toAtLeast: to, bytes }, findings });
    let records = 0;
    for await (const walked of walkLog(files, folder)) {
      if (walked.type !== "batch" || !isBehind(damage, walked.base, walked.offset)) continue;
      for (const [index, record] of decodeBatch(walked.buffer, walked.at, walked.batch, undefined).entries()) {
        if (record === undefined) continue;
        await lines.write({ position: walked.batch.from + index, record });
        records += 1;
      }
    }
    await lines.flush();
    await file.datasync();
    await files.syncFolder(dirname(report));
    return records;
  } finally {
    await file.close();
  }
}

function isBehind({ keep }: Damage, base: number, offset: number): boolean {
  if (keep === undefined || base > keep.segment) return true;
  return base === keep.segment && offset >= keep.bytes;
}

/** Lines of JSON, written a chunk at a time. */
class LineWriter {
  readonly #file: LogFile;
  #lines: string[] = [];
  #units = 0;
  #at = 0;

  constructor(file: LogFile) {
    this.#file = file;
  }

  async write(line: unknown): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.#units += text.length;
    if (this.#units > CHUNK_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    this.#units = 0;
    await this.#file.write(bytes, bytes.length, this.#at);
    this.#at += bytes.length;
  }
}

/** Copies what stands behind the cut in the segment that is cut; the names of the copies. */
async function copyAside(files: LogFiles, folder: string, keep: DurableEnd): Promise<string[]> {
  const source = await files.open(segmentPath(folder, keep.segment), "read");
  try {
    const size = await source.size();
    if (size <= keep.bytes) return [];
    const name = await asideName(files, folder, keep.segment);
    const target = await files.open(join(folder, name), "create");
    try {
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      for (let at = keep.bytes; at < size; at += chunk.length) {
        const got = await source.read(chunk, 0, chunk.length, at);
        await target.write(chunk, got, at - keep.bytes);
      }
      await target.datasync();
    } finally {
      await target.close();
    }
    await files.syncFolder(folder);
    return [name];
  } finally {
    await source.close();
  }
}

/** A name that no earlier repair has taken. */
async function asideName(files: LogFiles, folder: string, base: number): Promise<string> {
  const taken = new Set(await files.list(folder));
  const first = `${segmentName(base)}.damaged`;
  let name = first;
  for (let number = 2; taken.has(name); number += 1) name = `${first}-${number}`;
  return name;
}

async function moveMark(files: LogFiles, folder: string, end: DurableEnd): Promise<void> {
  const mark = await DurableMark.open(files, folder);
  try {
    mark.advance(end.bytes === 0 ? { ...end, bytes: SEGMENT_HEADER_BYTES } : end);
    await mark.sync();
  } finally {
    await mark.close();
  }
}

async function cut(files: LogFiles, folder: string, keep: DurableEnd): Promise<void> {
  const file = await files.open(segmentPath(folder, keep.segment), "write");
  try {
    await file.truncate(keep.bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
