/**
 * UUIDs: the ids of records, made by hand because `uuid`'s own v7 costs about 3 µs each on the machine where this was
 * measured, half of what a whole message may cost; and their text as four words, as the key window keeps them.
 */
import { v5 } from "uuid";
import type { Chance, Clock } from "./clock.ts";
import type { Uuid } from "./record.ts";

const ROOM_NAMESPACE = "6f1b8b0e-5a55-5c7e-9f5a-3d1c7a5e0c4d";

/** The version and the counter of an id, with the dash after them, for each value of the counter. */
const COUNTERS = Array.from({ length: 4096 }, (_, counter) => `7${counter.toString(16).padStart(3, "0")}-`);
const COUNTER_START_MAX = 0x7ff;

/** Random bytes of one millisecond, and how many of them are fetched at a time: to ask for ten costs as much as for many. */
const RANDOM_BYTES = 10;
const RANDOM_FETCHED = 128 * RANDOM_BYTES;

const DIRECT_NAMESPACE = "0e0f4bb6-6a2e-5d0f-8a57-f2ef9f1e7c11";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID as this program writes them: lower case, with dashes. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The milliseconds since the epoch at which a UUIDv7 was made. */
export function uuidTime(id: Uuid): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The id of the one chat of two people: the UUIDv5 of both ids, whoever asks. */
export function directChatId(one: Uuid, other: Uuid): Uuid {
  return v5([one, other].sort().join(" "), DIRECT_NAMESPACE);
}

/** The id of a public room of the rooms file: the UUIDv5 of its name, so that it is the same wherever the file is. */
export function publicRoomId(name: string): Uuid {
  return v5(name, ROOM_NAMESPACE);
}

/**
 * Makes UUIDv7s: 48 bits of time, 12 bits that count within the millisecond from somewhere in the lower half, and 62
 * random bits that stay for the millisecond. Ids of one maker ascend; nothing depends on it.
 */
export class IdMaker {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #random = new Uint8Array(RANDOM_FETCHED);
  #randomAt = RANDOM_FETCHED;
  #time = -1;
  #counter = 0;
  #head = "";
  #tail = "";

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  /** A new id. */
  make(): Uuid {
    const now = this.#clock.now();
    if (now > this.#time) this.#startAt(now);
    // After 4,096 ids within one millisecond: go on in the next one, which the clock reaches before it matters.
    else if (this.#counter === COUNTERS.length - 1) this.#startAt(this.#time + 1);
    else this.#counter += 1;
    return this.#head + COUNTERS[this.#counter] + this.#tail;
  }

  #startAt(time: number): void {
    const [a = 0, b = 0, ...rest] = this.#draw();
    this.#time = time;
    this.#counter = ((a << 8) | b) & COUNTER_START_MAX;
    const text = time.toString(16).padStart(12, "0");
    this.#head = `${text.slice(0, 8)}-${text.slice(8)}-`;
    const random = rest.map((byte, index) => (index === 0 ? 0x80 | (byte & 0x3f) : byte));
    const digits = random.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#tail = `${digits.slice(0, 4)}-${digits.slice(4)}`;
  }

  /** The random bytes of a millisecond, none of which are used again. */
  #draw(): Uint8Array {
    if (this.#randomAt === this.#random.length) {
      this.#chance(this.#random);
      this.#randomAt = 0;
    }
    this.#randomAt += RANDOM_BYTES;
    return this.#random.subarray(this.#randomAt - RANDOM_BYTES, this.#randomAt);
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
