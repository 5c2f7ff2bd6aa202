/**
 * Stage 3: reads every batch of a log and says what is wrong, for `verbatim check`. May touch: the log's folder,
 * reading; also beside a running server.
 */
import { decodeBatch } from "./batch-format.ts";
import type { LogFiles } from "./log-files.ts";
import type { Finding } from "./walk-log.ts";
import { walkLog } from "./walk-log.ts";

/** What a log holds, and what is wrong with it. */
export interface LogCheck {
  readonly segments: number;
  readonly batches: number;
  readonly records: number;
  /** Records without a whole envelope, which a reader sets aside (PROJ-5). */
  readonly recordsSetAside: number;
  /** Bytes of whole batches. */
  readonly bytes: number;
  /** The first position, and the one after the last that could be read. */
  readonly begin: number;
  readonly end: number;
  /** In the order of the log. A `torn` one is no damage. */
  readonly findings: readonly Finding[];
}

/** Checks the log of a folder. Throws the machine's errors, and `LogError("format")` for what a newer program wrote. */
export async function verifyLog(files: LogFiles, folder: string): Promise<LogCheck> {
  const check = { segments: 0, batches: 0, records: 0, recordsSetAside: 0, bytes: 0, end: 0 };
  const findings: Finding[] = [];
  let begin: number | undefined;
  for await (const walked of walkLog(files, folder)) {
    if (walked.type === "finding") findings.push(walked.finding);
    else if (walked.type === "segment") {
      check.segments += 1;
      begin ??= walked.base;
      check.end = Math.max(check.end, walked.base);
    } else {
      const { batch } = walked;
      begin ??= batch.from;
      check.batches += 1;
      check.records += batch.count;
      check.bytes += batch.bytes;
      check.end = batch.from + batch.count;
      const records = decodeBatch(walked.buffer, walked.at, batch, undefined);
      check.recordsSetAside += records.filter((record) => record === undefined).length;
    }
  }
  return { ...check, begin: begin ?? 0, findings };
}
