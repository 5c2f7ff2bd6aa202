/**
 * Stage 4, the fold: state × record → state. It gives each record its seq, as a pure function of the log (PROJ-1): no
 * clock, no configuration, no limit, no membership and no store may enter here, or two nodes would count differently.
 */
import type { LogRecord, StoredRecord, Uuid } from "../record.ts";
import { KeyWindow, type KnownKey } from "./key-window.ts";

/** Version of the fold, written once beside the log: a node that folds otherwise must not serve it (PROJ-5). */
export const FOLD_VERSION = 1;

/** How far a room has come. */
export interface Head {
  /** The seq of its newest record; 0 before the first. */
  readonly seq: number;
  /** How many messages it has had. */
  readonly n: number;
}

/** A record that is dropped by every reader, because its key was kept before (PROJ-2). */
export interface DroppedRecord {
  readonly record: LogRecord;
  /** The record that has the key. */
  readonly first: KnownKey;
}

interface MutableHead {
  seq: number;
  n: number;
}

const NO_RECORDS: Head = { seq: 0, n: 0 };

/** The fold of one partition with its state. */
export class Sequencer {
  readonly #heads: Map<Uuid, MutableHead>;
  readonly #window: KeyWindow;

  constructor(heads: Map<Uuid, MutableHead> = new Map(), window: KeyWindow = new KeyWindow()) {
    this.#heads = heads;
    this.#window = window;
  }

  /**
   * Folds the record at a position. Every record with a whole envelope goes through here, once, in the order of the
   * log. Gives it back with the numbers that it took, or with the record that stands for it.
   */
  fold(record: LogRecord, position: number): StoredRecord | DroppedRecord {
    const known = this.#window.find(record);
    if (known !== undefined) return { record, first: known };
    const head = this.#headOf(record.room);
    head.seq += 1;
    if (record.kind === "message") head.n += 1;
    this.#window.add(record, head.seq);
    return { record, seq: head.seq, n: head.n, position };
  }

  /**
   * Takes a record in with the numbers that it was given before, where the log that it stood in is lost. Ascending by
   * position.
   */
  place({ record, seq, n }: StoredRecord): void {
    const head = this.#headOf(record.room);
    head.seq = seq;
    head.n = n;
    this.#window.add(record, seq);
  }

  /** How far a room has come. */
  head(room: Uuid): Head {
    return this.#heads.get(room) ?? NO_RECORDS;
  }

  /** Every room that has a record. */
  heads(): ReadonlyMap<Uuid, Head> {
    return this.#heads;
  }

  #headOf(room: Uuid): MutableHead {
    let head = this.#heads.get(room);
    if (head === undefined) {
      head = { seq: 0, n: 0 };
      this.#heads.set(room, head);
    }
    return head;
  }

  /** The keys that are remembered. */
  window(): KeyWindow {
    return this.#window;
  }
}
