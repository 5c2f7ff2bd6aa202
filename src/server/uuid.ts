/**
 * UUIDs: the ids of records, made by hand because `uuid`'s own v7 costs about 3 µs each on the machine where this was
 * measured, half of what a whole message may cost; and their text as four words, as the key window keeps them.
 */
import { v5 } from "uuid";
import type { Chance, Clock } from "./clock.ts";
import type { Uuid } from "./record.ts";

const ROOM_NAMESPACE = "6f1b8b0e-5a55-5c7e-9f5a-3d1c7a5e0c4d";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

const hex = (byte: number | undefined): string => HEX[(byte ?? 0) & 0xff] ?? "00";

/** The id of a public room of the rooms file: the UUIDv5 of its name, so that it is the same wherever the file is. */
export function publicRoomId(name: string): Uuid {
  return v5(name, ROOM_NAMESPACE);
}

const POOL_BYTES = 8192;

/**
 * Makes UUIDv7s: 48 bits of time, a 12-bit counter that starts anywhere below half within each millisecond, 62 random
 * bits. Ids of one maker ascend; nothing depends on it.
 */
export class IdMaker {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #pool = new Uint8Array(POOL_BYTES);
  #poolAt = POOL_BYTES;
  #time = -1;
  #counter = 0;
  #prefix = "";

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  /** A new id. */
  make(): Uuid {
    if (this.#poolAt + 10 > POOL_BYTES) {
      this.#chance(this.#pool);
      this.#poolAt = 0;
    }
    const pool = this.#pool;
    const at = this.#poolAt;
    this.#poolAt = at + 10;
    const now = this.#clock.now();
    if (now > this.#time) {
      this.#startAt(now, (((pool[at] ?? 0) << 8) | (pool[at + 1] ?? 0)) & 0x7ff);
    } else {
      this.#counter += 1;
      // 4,096 ids within one millisecond: go on in the next one, which the clock reaches before it matters.
      if (this.#counter > 0xfff) this.#startAt(this.#time + 1, 0);
    }
    const counter = 0x7000 | this.#counter;
    return `${this.#prefix}${hex(counter >> 8)}${hex(counter)}-${hex(0x80 | ((pool[at + 2] ?? 0) & 0x3f))}${hex(pool[at + 3])}-${hex(pool[at + 4])}${hex(pool[at + 5])}${hex(pool[at + 6])}${hex(pool[at + 7])}${hex(pool[at + 8])}${hex(pool[at + 9])}`;
  }

  #startAt(time: number, counter: number): void {
    this.#time = time;
    this.#counter = counter;
    const text = time.toString(16).padStart(12, "0");
    this.#prefix = `${text.slice(0, 8)}-${text.slice(8)}-`;
  }
}

/** Writes a UUID as four 32-bit words to `target` at `at`. */
export function uuidToWords(id: Uuid, target: Uint32Array, at: number): void {
  target[at] = Number.parseInt(id.slice(0, 8), 16);
  target[at + 1] = Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16);
  target[at + 2] = Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16);
  target[at + 3] = Number.parseInt(id.slice(28, 36), 16);
}

/** The UUID that `uuidToWords` wrote. */
export function uuidFromWords(source: Uint32Array, at: number): Uuid {
  let text = "";
  for (let i = 0; i < 4; i++) text += (source[at + i] ?? 0).toString(16).padStart(8, "0");
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}
