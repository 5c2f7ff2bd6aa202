/**
 * Stage 5: the newest events of all rooms, in memory, so that whoever falls a little behind is fed without the store.
 * Bounded for the whole node. The oldest goes first, and as the store takes records in the same order, what the store
 * does not have yet goes last.
 */
import { type EventRun, oldestLines, RUN_OVERHEAD_BYTES, runFrom } from "./event-run.ts";
import { Fifo } from "./fifo.ts";

interface Kept {
  readonly room: RoomEvents;
  readonly bytes: number;
}

/** How much recent events take, over all rooms of a node. */
export class RecentEvents {
  readonly #bytesMax: number;
  readonly #order = new Fifo<Kept>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are taken now, lines and bookkeeping. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Makes the place of one room's events. */
  room(): RoomEvents {
    return new RoomEvents((room, bytes) => this.#added(room, bytes));
  }

  #added(room: RoomEvents, bytes: number): void {
    this.#order.push({ room, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#order.shift();
      if (oldest === undefined) return;
      this.#bytes -= oldest.bytes;
      oldest.room.dropOldest();
    }
  }
}

interface Run extends EventRun {
  /** Position of its last record. */
  readonly position: number;
}

/** The recent events of one room, ascending and without holes. */
export class RoomEvents {
  readonly #runs = new Fifo<Run>();
  readonly #added: (room: RoomEvents, bytes: number) => void;
  #droppedTo = -1;
  #floor = 0;

  constructor(added: (room: RoomEvents, bytes: number) => void) {
    this.#added = added;
  }

  /** The first seq that is here, or `undefined` where there is none. */
  get first(): number | undefined {
    const first = this.#runs.at(0)?.first;
    return first === undefined ? undefined : Math.max(first, this.#floor);
  }

  /**
   * The position after the last record that is not here any more: whoever reads what lies before `first` needs a
   * store that has come so far.
   */
  get droppedTo(): number {
    return this.#droppedTo + 1;
  }

  /** Adds the next run; `position` is the one of its last record. */
  add(run: EventRun, position: number): void {
    this.#runs.push({ ...run, position });
    this.#added(this, run.lines.length + RUN_OVERHEAD_BYTES);
  }

  /** Forgets the oldest run: called when memory is short. */
  dropOldest(): void {
    const run = this.#runs.shift();
    if (run !== undefined) this.#droppedTo = run.position;
  }

  /** Retention: nothing below `floor` is given any more. */
  retain(floor: number): void {
    this.#floor = Math.max(this.#floor, floor);
  }

  /**
   * Events from seq `from` on, as far as they go in one piece and in `bytesMax` (one run at least), or `undefined`
   * where `from` is not here.
   */
  from(from: number, bytesMax: number): EventRun | undefined {
    const first = this.first;
    const newest = this.#runs.at(this.#runs.length - 1);
    if (first === undefined || newest === undefined || from < first || from > newest.last) return undefined;
    let index = this.#indexOf(from);
    const start = this.#runs.at(index);
    if (start === undefined) return undefined;
    const head = runFrom(start, from);
    if (head.lines.length > bytesMax) return oldestLines(head, bytesMax);
    const parts = [head.lines];
    let bytes = head.lines.length;
    let { last, messagesOnly } = head;
    for (index += 1; index < this.#runs.length; index++) {
      const run = this.#runs.at(index);
      if (run === undefined || bytes + run.lines.length > bytesMax) break;
      parts.push(run.lines);
      bytes += run.lines.length;
      last = run.last;
      messagesOnly &&= run.messagesOnly;
    }
    return {
      first: head.first,
      last,
      lines: parts.length === 1 ? head.lines : Buffer.concat(parts, bytes),
      messagesOnly,
    };
  }

  #indexOf(seq: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#runs.at(middle)?.first ?? Number.POSITIVE_INFINITY) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
