/**
 * Stage 5: who waits for the number of which record. A command that needs an answer says so here before its record is
 * appended; the tail gives the answer when it passes the durable record (CMD-1).
 */
import type { ErrorName } from "../../protocol/error-codes.ts";
import type { KnownKey } from "../projector/key-window.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import type { Session } from "./session.ts";

/** A session that gave a key, and is told by `ack`. */
export interface WaitingSession {
  readonly session: Session;
  readonly key: string;
  /** The room's name on the wire. */
  readonly roomName: string;
}

/** A request that waits; exactly one of its functions is called, once. None may throw. */
export interface WaitingCaller {
  /** The record is durable and has its number. */
  accepted(stored: StoredRecord): void;
  /** The key was known: the record was dropped, and `first` stands for it. */
  repeated(first: KnownKey): void;
  /** It could not be written, or nobody knows. */
  failed(code: ErrorName, text: string): void;
}

/** Somebody who waits for their record to pass. */
export type Waiting = WaitingSession | WaitingCaller;

interface Entry {
  /**
   * `undefined` once they were told. A map that keeps losing and gaining keys makes itself anew now and then, and what it
   * was before keeps its entries until the old heap is collected: with all that hangs on them, the collector would carry
   * every post twice.
   */
  waiting: Waiting | undefined;
  /** When it was asked, in milliseconds on the monotonic clock. */
  readonly since: number;
}

/** Record id → who waits. Ascending by time, as a map keeps what was put in. */
export class PendingAcks {
  readonly #waiting = new Map<Uuid, Entry>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Somebody waits for a record since `since`. */
  expect(record: Uuid, waiting: Waiting, since: number): void {
    this.#waiting.set(record, { waiting, since });
  }

  /** Who waits for a record, who then waits no more. */
  take(record: Uuid): Waiting | undefined {
    const entry = this.#waiting.get(record);
    if (entry === undefined) return undefined;
    this.#waiting.delete(record);
    return release(entry);
  }

  /** Takes out all who have waited since before `since`. */
  takeOlderThan(since: number): Waiting[] {
    const old: Waiting[] = [];
    for (const [id, entry] of this.#waiting) {
      if (entry.since >= since) break;
      this.#waiting.delete(id);
      const waiting = release(entry);
      if (waiting !== undefined) old.push(waiting);
    }
    return old;
  }
}

function release(entry: Entry): Waiting | undefined {
  const { waiting } = entry;
  entry.waiting = undefined;
  return waiting;
}

/** Tells whoever waits that it did not work out. */
export function fail(waiting: Waiting, code: ErrorName, text: string): void {
  if ("session" in waiting) waiting.session.refuse(code, text, waiting.roomName, waiting.key);
  else waiting.failed(code, text);
}
