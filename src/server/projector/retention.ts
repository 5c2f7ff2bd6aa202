/**
 * Stage 4: retention of messages by count or by age: removes what is older from the store for good. The log keeps it
 * until it is trimmed. Whoever resumes from before what is left is told `reset`.
 */
import type { Clock } from "../clock.ts";
import type { Retention } from "../config/config.ts";
import type { StoredRecord, Uuid } from "../record.ts";
import type { MessageStore } from "../store/message-store.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const ONE = { records: 1, bytes: Number.MAX_SAFE_INTEGER };

/** Applies retention. */
export class Retainer {
  readonly #retention: Retention;
  readonly #store: MessageStore;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #raised: (room: Uuid, floor: number) => void;
  readonly #isWriter: (room: Uuid) => boolean;
  #running = false;

  /**
   * `raised` hears of each room whose floor rises, before anything is removed. `isWriter` says whether it is this node
   * that removes; of the others' rooms it only looks how far they are.
   */
  constructor(options: {
    retention: Retention;
    store: MessageStore;
    clock: Clock;
    telemetry: Telemetry;
    raised: (room: Uuid, floor: number) => void;
    isWriter: (room: Uuid) => boolean;
  }) {
    this.#retention = options.retention;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#telemetry = options.telemetry;
    this.#raised = options.raised;
    this.#isWriter = options.isWriter;
  }

  /** Goes over all rooms once. Never rejects; what could not be removed is removed the next time. */
  async sweep(): Promise<void> {
    const { messages, days } = this.#retention;
    if (this.#running || (messages === undefined && days === undefined)) return;
    this.#running = true;
    try {
      let removed = 0;
      for (const room of await this.#store.rooms()) removed += await this.#sweepRoom(room);
      if (removed > 0) this.#telemetry.retentionApplied(removed);
    } catch (error) {
      this.#telemetry.internalError("retention", error);
    } finally {
      this.#running = false;
    }
  }

  async #sweepRoom(room: Uuid): Promise<number> {
    if (!this.#isWriter(room)) {
      this.#raised(room, await this.#store.floor(room));
      return 0;
    }
    const [newest] = await this.#store.page(room, Number.MAX_SAFE_INTEGER, ONE);
    if (newest === undefined) return 0;
    const floor = await this.#store.floor(room);
    const { messages, days } = this.#retention;
    let wanted = floor;
    if (messages !== undefined) {
      const oldestN = newest.n - messages + 1;
      wanted = await this.#first(room, wanted, newest.seq, (stored) => stored.n >= oldestN);
    }
    if (days !== undefined) {
      const oldestTime = this.#clock.now() - days * DAY_MS;
      wanted = await this.#first(room, wanted, newest.seq, (stored) => stored.record.time >= oldestTime);
    }
    if (wanted <= floor) return 0;
    this.#raised(room, wanted);
    await this.#store.retain(room, wanted);
    return wanted - floor;
  }

  /** The first seq from `low` on whose record is to be kept; `high + 1` where none is. By halving: all later ones are. */
  async #first(room: Uuid, low: number, high: number, isKept: (stored: StoredRecord) => boolean): Promise<number> {
    let from = low;
    let to = high + 1;
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const [stored] = await this.#store.range(room, middle, middle, ONE);
      // A hole is no reason to remove what follows it.
      if (stored === undefined || isKept(stored)) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
