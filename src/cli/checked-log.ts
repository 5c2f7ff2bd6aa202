/**
 * The command line: the log of a data folder, read past its durable mark up to the first damage, so that it can be
 * held against the store also after a crash. Reads only; may run beside the server that writes.
 */
import { decodeBatch } from "../server/log/batch-format.ts";
import type { LogFiles } from "../server/log/log-files.ts";
import type { LogBatch, LogBounds } from "../server/log/message-log.ts";
import { NOT_ENCODED } from "../server/log/message-log.ts";
import { type LogCheck, verifyLog } from "../server/log/verify.ts";
import { walkLog } from "../server/log/walk-log.ts";
import { StartError } from "../server/start-error.ts";
import type { ReadableLog } from "./compare-store.ts";

/** The log's folder, looked at batch by batch. */
export class CheckedLog implements ReadableLog {
  readonly #files: LogFiles;
  readonly #folder: string;
  #check: Promise<LogCheck> | undefined;

  constructor(files: LogFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Reads every batch, once; what is appended later is not seen. */
  check(): Promise<LogCheck> {
    this.#check ??= verifyLog(this.#files, this.#folder).catch((error: unknown) => Promise.reject(wentAway(error)));
    return this.#check;
  }

  /** From the log's beginning to the first damage, or else to its end. */
  async bounds(): Promise<LogBounds> {
    const { begin, end, findings } = await this.check();
    const damage = findings.find(({ kind }) => kind === "damaged");
    return { begin, end: damage === undefined ? end : Math.max(begin, damage.position) };
  }

  /** The batches from the one that holds `from`; ends at the first damage and, other than a live log, at the end. */
  async *read(_partition: number, from: number, signal: AbortSignal): AsyncGenerator<LogBatch, void, undefined> {
    try {
      for await (const walked of walkLog(this.#files, this.#folder)) {
        if (signal.aborted || walked.type === "finding") return;
        if (walked.type !== "batch") continue;
        const { batch, buffer, at } = walked;
        const to = batch.from + batch.count;
        if (to <= from) continue;
        const records = decodeBatch(buffer, at, batch, undefined);
        const begin = Math.max(from, batch.from);
        yield { from: begin, to, records: records.slice(begin - batch.from), encoded: NOT_ENCODED };
      }
    } catch (error) {
      throw wentAway(error);
    }
  }
}

/** A server that runs may trim away a file between the moment that it is listed and that it is opened. */
function wentAway(error: unknown): unknown {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) return error;
  return new StartError(`a part of the log went away while it was read (${error.message}): run this again`, {
    cause: error,
  });
}
