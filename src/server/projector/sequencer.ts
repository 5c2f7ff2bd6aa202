/**
 * Stage 4, the fold: state × record → state. It gives each record its seq, as a pure function of the log (PROJ-1): no
 * clock, no configuration, no limit, no membership and no store may enter here, or two nodes would count differently.
 */
import type { LogRecord, Uuid } from "../record.ts";
import { KeyWindow } from "./key-window.ts";

/** Version of the fold, written once beside the log: a node that folds otherwise must not serve it (PROJ-5). */
export const FOLD_VERSION = 1;

/** How far a room has come. */
export interface Head {
  /** The seq of its newest record; 0 before the first. */
  readonly seq: number;
  /** How many messages it has had. */
  readonly n: number;
}

/** The record takes this seq. */
export interface Kept {
  readonly kept: true;
  readonly seq: number;
  /** Messages in the room up to and with this record. */
  readonly n: number;
}

/** The record is dropped by every reader: its key was kept before (PROJ-2). */
export interface Dropped {
  readonly kept: false;
  /** Id and seq of the record that has the key. */
  readonly id: Uuid;
  readonly seq: number;
  /** Whether the content is the same; `false` is answered `key_reused`. */
  readonly sameContent: boolean;
}

const NO_RECORDS: Head = { seq: 0, n: 0 };

/** The fold of one partition with its state. */
export class Sequencer {
  readonly #heads: Map<Uuid, Head>;
  readonly #window: KeyWindow;

  constructor(heads: Map<Uuid, Head> = new Map(), window: KeyWindow = new KeyWindow()) {
    this.#heads = heads;
    this.#window = window;
  }

  /** Folds one record. Every record with a whole envelope goes through here, once, in the order of the log. */
  fold(record: LogRecord): Kept | Dropped {
    const known = this.#window.find(record);
    if (known !== undefined) {
      return { kept: false, id: known.id, seq: known.seq, sameContent: known.sameContent };
    }
    const head = this.#heads.get(record.room) ?? NO_RECORDS;
    const seq = head.seq + 1;
    const n = record.kind === "message" ? head.n + 1 : head.n;
    this.#heads.set(record.room, { seq, n });
    this.#window.add(record, seq);
    return { kept: true, seq, n };
  }

  /** How far a room has come. */
  head(room: Uuid): Head {
    return this.#heads.get(room) ?? NO_RECORDS;
  }

  /** Every room that has a record. */
  heads(): ReadonlyMap<Uuid, Head> {
    return this.#heads;
  }

  /** The keys that are remembered. */
  window(): KeyWindow {
    return this.#window;
  }
}
