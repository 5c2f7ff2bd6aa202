/**
 * Stage 5: who waits for the number of which record. A command that needs an answer says so here before its record is
 * appended; the tail gives the answer when it passes the durable record (CMD-1).
 */
import type { Uuid } from "../record.ts";
import type { Session } from "./session.ts";

/** Somebody who waits for their record to pass. */
export interface PendingAck {
  readonly session: Session;
  readonly key: string;
  /** The room's name on the wire. */
  readonly roomName: string;
  /** When it was asked, in milliseconds on the monotonic clock. */
  readonly since: number;
}

/** Record id → who waits. Ascending by time, as a map keeps what was put in. */
export class PendingAcks {
  readonly #waiting = new Map<Uuid, PendingAck>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Somebody waits for a record. */
  expect(record: Uuid, ack: PendingAck): void {
    this.#waiting.set(record, ack);
  }

  /** Who waits for a record, who then waits no more. */
  take(record: Uuid): PendingAck | undefined {
    const ack = this.#waiting.get(record);
    if (ack !== undefined) this.#waiting.delete(record);
    return ack;
  }

  /** Takes out all who have waited since before `since`. */
  takeOlderThan(since: number): PendingAck[] {
    const old: PendingAck[] = [];
    for (const [id, ack] of this.#waiting) {
      if (ack.since >= since) break;
      this.#waiting.delete(id);
      old.push(ack);
    }
    return old;
  }
}
