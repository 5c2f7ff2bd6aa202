/**
 * Stage 5: the newest events of all rooms, in memory, so that whoever falls a little behind is fed without the store.
 * Bounded for the whole node. The oldest goes first, and as the store takes records in the same order, what the store
 * does not have yet goes last.
 */
import { type EventRun, lineStart, newestLines, oldestLines, runFrom, runUpTo } from "./event-run.ts";
import { Fifo } from "./fifo.ts";

/** The smallest and the largest block, in bytes: a quiet room takes little, a busy one makes few objects. */
const BLOCK_BYTES_MIN = 2 * 1024;
const BLOCK_BYTES_MAX = 16 * 1024;
/** What a block costs in memory beside its lines, in bytes; roughly. */
const BLOCK_OVERHEAD_BYTES = 300;
/** A block is closed when the log is so many records further: blocks are forgotten in the order in which they began. */
const BLOCK_POSITIONS_MAX = 10_000;

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

/** Lines of consecutive records in one piece of memory, which is only ever added to: outboxes share it. */
interface Block {
  buffer: Buffer;
  bytes: number;
  readonly first: number;
  last: number;
  messagesOnly: boolean;
  readonly firstPosition: number;
  /** Position of its last record. */
  position: number;
}

/** The recent events of one room, ascending and without holes. */
export class RoomEvents {
  readonly #blocks = new Fifo<Block>();
  readonly #added: (room: RoomEvents, bytes: number) => void;
  #droppedTo = -1;
  #floor = 0;

  constructor(added: (room: RoomEvents, bytes: number) => void) {
    this.#added = added;
  }

  /** The first seq that is here, or `undefined` where there is none. */
  get first(): number | undefined {
    const first = this.#blocks.at(0)?.first;
    return first === undefined ? undefined : Math.max(first, this.#floor);
  }

  /**
   * The position after the last record that is not here any more: whoever reads what lies before `first` needs a
   * store that has come so far.
   */
  get droppedTo(): number {
    return this.#droppedTo + 1;
  }

  /**
   * Adds the next run; `position` is the one of its last record. Its lines are copied: the run that is given back has
   * them in memory that stays, whatever becomes of the first.
   */
  add(run: EventRun, position: number): EventRun {
    const newest = this.#blocks.at(this.#blocks.length - 1);
    const block = newest !== undefined && hasRoom(newest, run, position) ? newest : this.#begin(newest, run, position);
    const start = block.bytes;
    block.bytes += run.lines.copy(block.buffer, start);
    block.last = run.last;
    block.messagesOnly &&= run.messagesOnly;
    block.position = position;
    return { ...run, lines: block.buffer.subarray(start, block.bytes) };
  }

  /** Forgets the oldest block: called when memory is short. */
  dropOldest(): void {
    const block = this.#blocks.shift();
    if (block !== undefined) this.#droppedTo = block.position;
  }

  /** Puts another line, its line end included, in the place of a record's; harmless where it is not here. */
  replace(seq: number, change: (line: string) => string): void {
    const block = this.#blocks.at(this.#indexOf(seq));
    if (block === undefined || seq < block.first || seq > block.last) return;
    const lines = block.buffer.subarray(0, block.bytes);
    const start = lineStart(lines, seq - block.first);
    const end = start + lineStart(lines.subarray(start), 1);
    const line = Buffer.from(change(lines.toString("utf8", start, end)));
    const bytes = block.bytes - (end - start) + line.length;
    // In memory of its own: outboxes still hold what was told before.
    const buffer = Buffer.allocUnsafeSlow(Math.max(block.buffer.length, bytes));
    lines.copy(buffer, 0, 0, start);
    line.copy(buffer, start);
    lines.copy(buffer, start + line.length, end);
    block.buffer = buffer;
    block.bytes = bytes;
  }

  /** Retention: nothing below `floor` is given any more. */
  retain(floor: number): void {
    this.#floor = Math.max(this.#floor, floor);
  }

  /**
   * Events from seq `from` on, as far as they go in one piece and in `bytesMax` (one at least), or `undefined` where
   * `from` is not here.
   */
  from(from: number, bytesMax: number): EventRun | undefined {
    const first = this.first;
    const newest = this.#blocks.at(this.#blocks.length - 1);
    if (first === undefined || newest === undefined || from < first || from > newest.last) return undefined;
    let index = this.#indexOf(from);
    const start = this.#blocks.at(index);
    if (start === undefined) return undefined;
    const head = runFrom(runOf(start), from);
    if (head.lines.length > bytesMax) return oldestLines(head, bytesMax);
    const parts = [head.lines];
    let bytes = head.lines.length;
    let { last, messagesOnly } = head;
    for (index += 1; index < this.#blocks.length; index++) {
      const block = this.#blocks.at(index);
      if (block === undefined || bytes + block.bytes > bytesMax) break;
      parts.push(runOf(block).lines);
      bytes += block.bytes;
      last = block.last;
      messagesOnly &&= block.messagesOnly;
    }
    const lines = parts.length === 1 ? head.lines : Buffer.concat(parts, bytes);
    return { first: head.first, last, lines, messagesOnly };
  }

  /**
   * Events up to seq `to`, as far back as `from` and in `bytesMax` (one at least), or `undefined` where `to` is not
   * here. Looks at no more blocks than it takes, for a room's events may fill all the memory that there is for them.
   */
  upTo(to: number, from: number, bytesMax: number): EventRun | undefined {
    const oldest = this.first;
    const newest = this.#blocks.at(this.#blocks.length - 1);
    if (oldest === undefined || newest === undefined || to < oldest || to > newest.last) return undefined;
    const least = Math.max(oldest, from);
    const parts: Buffer[] = [];
    let bytes = 0;
    let first = to + 1;
    let messagesOnly = true;
    for (let index = this.#indexOf(to); first > least && bytes <= bytesMax; index--) {
      const block = this.#blocks.at(index);
      if (block === undefined) break;
      const part = runUpTo(runOf(block), to);
      parts.push(part.lines);
      bytes += part.lines.length;
      first = part.first;
      messagesOnly &&= part.messagesOnly;
    }
    const lines = Buffer.concat(parts.reverse(), bytes);
    return newestLines(runFrom({ first, last: to, lines, messagesOnly }, least), bytesMax);
  }

  #begin(newest: Block | undefined, run: EventRun, position: number): Block {
    const size = Math.min(BLOCK_BYTES_MAX, (newest?.buffer.length ?? BLOCK_BYTES_MIN / 2) * 2);
    const buffer = Buffer.allocUnsafeSlow(Math.max(size, run.lines.length));
    const { first, last } = run;
    const block = { buffer, bytes: 0, first, last, messagesOnly: true, firstPosition: position, position };
    this.#blocks.push(block);
    this.#added(this, buffer.length + BLOCK_OVERHEAD_BYTES);
    return block;
  }

  #indexOf(seq: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks.at(middle)?.first ?? Number.POSITIVE_INFINITY) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function hasRoom(block: Block, run: EventRun, position: number): boolean {
  return block.bytes + run.lines.length <= block.buffer.length && position - block.firstPosition <= BLOCK_POSITIONS_MAX;
}

function runOf({ buffer, bytes, first, last, messagesOnly }: Block): EventRun {
  return { first, last, lines: buffer.subarray(0, bytes), messagesOnly };
}
