/**
 * Stage 4, part of the fold: the last 131,072 keys that a partition kept, so that a retry makes no second message
 * (PROJ-2). Flat arrays, about 9 MB when full; nothing here may depend on anything but the records folded so far.
 */
import type { LogRecord, Uuid } from "../record.ts";
import { uuidFromWords, uuidToWords } from "../uuid.ts";
import { hash128 } from "./hash128.ts";

/** Keys in the window. Part of the data format: a node with another number would count differently. */
export const KEY_WINDOW = 131_072;

/** Words of 32 bits in one entry: hash of (sender, room, key) 4, hash of (kind, body) 4, id 4, seq 2. */
export const ENTRY_WORDS = 14;

const BUCKETS = KEY_WINDOW * 2;
const NONE = -1;
const TRIPLE_SEED = 1;
const CONTENT_SEED = 2;

/** What the window knows of a key that it met before. */
export interface KnownKey {
  readonly id: Uuid;
  readonly seq: number;
  /** Whether kind and body are the same as they were then. */
  readonly sameContent: boolean;
}

/** A ring of entries with chained buckets over it. */
export class KeyWindow {
  readonly #entries = new Uint32Array(KEY_WINDOW * ENTRY_WORDS);
  readonly #buckets = new Int32Array(BUCKETS).fill(NONE);
  readonly #next = new Int32Array(KEY_WINDOW);
  readonly #triple = new Uint32Array(4);
  readonly #content = new Uint32Array(4);
  #oldest = 0;
  #size = 0;

  /** What is known of a record's key, or `undefined`. A record without a key is never known. */
  find(record: LogRecord): KnownKey | undefined {
    if (record.key === undefined || this.#size === 0) return undefined;
    this.#hashTriple(record, record.key);
    const entry = this.#lookup();
    if (entry === NONE) return undefined;
    this.#hashContent(record);
    const at = entry * ENTRY_WORDS;
    const entries = this.#entries;
    const content = this.#content;
    return {
      id: uuidFromWords(entries, at + 8),
      seq: (entries[at + 12] ?? 0) * 2 ** 32 + (entries[at + 13] ?? 0),
      sameContent:
        entries[at + 4] === content[0] &&
        entries[at + 5] === content[1] &&
        entries[at + 6] === content[2] &&
        entries[at + 7] === content[3],
    };
  }

  /** Keeps the key of a record that `find` did not know; does nothing for one without a key. */
  add(record: LogRecord, seq: number): void {
    if (record.key === undefined) return;
    this.#hashTriple(record, record.key);
    this.#hashContent(record);
    const entry = this.#claim();
    const at = entry * ENTRY_WORDS;
    this.#entries.set(this.#triple, at);
    this.#entries.set(this.#content, at + 4);
    uuidToWords(record.id, this.#entries, at + 8);
    this.#entries[at + 12] = Math.floor(seq / 2 ** 32);
    this.#entries[at + 13] = seq >>> 0;
    this.#link(entry);
  }

  /** The entries as words, oldest first: `ENTRY_WORDS` each. */
  toWords(): Uint32Array {
    const words = new Uint32Array(this.#size * ENTRY_WORDS);
    const end = Math.min(this.#oldest + this.#size, KEY_WINDOW);
    words.set(this.#entries.subarray(this.#oldest * ENTRY_WORDS, end * ENTRY_WORDS));
    const wrapped = this.#size - (end - this.#oldest);
    words.set(this.#entries.subarray(0, wrapped * ENTRY_WORDS), (end - this.#oldest) * ENTRY_WORDS);
    return words;
  }

  /** A window that holds what `toWords` gave. */
  static fromWords(words: Uint32Array): KeyWindow {
    const window = new KeyWindow();
    window.#entries.set(words);
    window.#size = words.length / ENTRY_WORDS;
    for (let entry = 0; entry < window.#size; entry++) window.#link(entry);
    return window;
  }

  #hashTriple(record: LogRecord, key: string): void {
    hash128(`${record.sender}${record.room}${key}`, TRIPLE_SEED, this.#triple);
  }

  #hashContent(record: LogRecord): void {
    hash128(`${record.kind}\n${record.body}`, CONTENT_SEED, this.#content);
  }

  #lookup(): number {
    const triple = this.#triple;
    const entries = this.#entries;
    let entry = this.#buckets[(triple[0] ?? 0) % BUCKETS] ?? NONE;
    while (entry !== NONE) {
      const at = entry * ENTRY_WORDS;
      if (
        entries[at] === triple[0] &&
        entries[at + 1] === triple[1] &&
        entries[at + 2] === triple[2] &&
        entries[at + 3] === triple[3]
      ) {
        return entry;
      }
      entry = this.#next[entry] ?? NONE;
    }
    return NONE;
  }

  /** The entry to write next: a free one, or the oldest, which is forgotten. */
  #claim(): number {
    if (this.#size < KEY_WINDOW) {
      const entry = (this.#oldest + this.#size) % KEY_WINDOW;
      this.#size += 1;
      return entry;
    }
    const entry = this.#oldest;
    this.#unlink(entry);
    this.#oldest = (entry + 1) % KEY_WINDOW;
    return entry;
  }

  #link(entry: number): void {
    const bucket = (this.#entries[entry * ENTRY_WORDS] ?? 0) % BUCKETS;
    this.#next[entry] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = entry;
  }

  #unlink(entry: number): void {
    const bucket = (this.#entries[entry * ENTRY_WORDS] ?? 0) % BUCKETS;
    let at = this.#buckets[bucket] ?? NONE;
    if (at === entry) {
      this.#buckets[bucket] = this.#next[entry] ?? NONE;
      return;
    }
    while (at !== NONE && this.#next[at] !== entry) at = this.#next[at] ?? NONE;
    if (at !== NONE) this.#next[at] = this.#next[entry] ?? NONE;
  }
}
