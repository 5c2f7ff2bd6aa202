/**
 * Stages 3 and 5: UUIDs as 16 bytes and back. Pure. Written by hand because every record carries three of them.
 */
import type { Uuid } from "../record.ts";

const NO_DIGIT = 0xff;

/** Char code → value of the hexadecimal digit; upper case is refused, for it would not come back as it went. */
const VALUE_OF_DIGIT = (() => {
  const values = new Uint8Array(256).fill(NO_DIGIT);
  for (let value = 0; value < 16; value += 1) values[value.toString(16).charCodeAt(0)] = value;
  return values;
})();

/** Value → char code of the hexadecimal digit. */
const DIGIT = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/** Where the two digits of each byte begin in the text. */
const DIGITS_AT = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);

/** Writes the 16 bytes of a UUID at `offset`. Throws a `RangeError` where the text is not a canonical UUID. */
export function parseUuid(text: Uuid, target: Uint8Array, offset: number): void {
  let wrong = text.length ^ 36;
  for (let index = 0; index < 16; index += 1) {
    const at = DIGITS_AT[index] as number;
    // A char code over 255 or a text that is too short reads `undefined`, which counts as a digit of NO_DIGIT.
    const high = VALUE_OF_DIGIT[text.charCodeAt(at)] ?? NO_DIGIT;
    const low = VALUE_OF_DIGIT[text.charCodeAt(at + 1)] ?? NO_DIGIT;
    wrong |= (high | low) & 0xf0;
    target[offset + index] = (high << 4) | low;
  }
  const dash = 45;
  wrong |= text.charCodeAt(8) ^ dash;
  wrong |= text.charCodeAt(13) ^ dash;
  wrong |= text.charCodeAt(18) ^ dash;
  wrong |= text.charCodeAt(23) ^ dash;
  if (wrong !== 0) throw new RangeError(`not a UUID: ${JSON.stringify(text.slice(0, 40))}`);
}

const high = (byte: number | undefined): number => DIGIT[(byte as number) >> 4] as number;
const low = (byte: number | undefined): number => DIGIT[(byte as number) & 15] as number;

/** The text of the 16 bytes at `offset`. One call with 36 numbers makes the string in 100 ns; joining takes three times that. */
export function uuidText(b: Uint8Array, o: number): Uuid {
  // biome-ignore format: one line per group of the text
  return String.fromCharCode(
    high(b[o]), low(b[o]), high(b[o + 1]), low(b[o + 1]), high(b[o + 2]), low(b[o + 2]), high(b[o + 3]), low(b[o + 3]), 45,
    high(b[o + 4]), low(b[o + 4]), high(b[o + 5]), low(b[o + 5]), 45,
    high(b[o + 6]), low(b[o + 6]), high(b[o + 7]), low(b[o + 7]), 45,
    high(b[o + 8]), low(b[o + 8]), high(b[o + 9]), low(b[o + 9]), 45,
    high(b[o + 10]), low(b[o + 10]), high(b[o + 11]), low(b[o + 11]), high(b[o + 12]), low(b[o + 12]),
    high(b[o + 13]), low(b[o + 13]), high(b[o + 14]), low(b[o + 14]), high(b[o + 15]), low(b[o + 15]),
  );
}

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

/** Texts of the UUIDs that came by last, so that a room's id is made once and kept once. Holds `places` at the most. */
export class UuidTexts {
  readonly #shift: number;
  readonly #words: Int32Array;
  readonly #texts: (Uuid | undefined)[];

  /** `places` is a power of two: each UUID has one place, and the newer pushes out the older. */
  constructor(places: number) {
    if (places < 1 || (places & (places - 1)) !== 0) throw new RangeError("places is not a power of two");
    this.#shift = 32 - Math.log2(places);
    this.#words = new Int32Array(places * 4);
    this.#texts = new Array<Uuid | undefined>(places).fill(undefined);
  }

  /** The text of the 16 bytes at `offset`. */
  at(bytes: Uint8Array, offset: number): Uuid {
    const a = word(bytes, offset);
    const b = word(bytes, offset + 4);
    const c = word(bytes, offset + 8);
    const d = word(bytes, offset + 12);
    const folded = a ^ b ^ c ^ d;
    // A shift by 32 would be none at all: one place is place 0.
    const place = this.#shift === 32 ? 0 : Math.imul(folded ^ (folded >>> 15), 0x9e3779b1) >>> this.#shift;
    const words = this.#words;
    const at = place * 4;
    const known = this.#texts[place];
    if (known !== undefined && words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) {
      return known;
    }
    const text = uuidText(bytes, offset);
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = d;
    this.#texts[place] = text;
    return text;
  }
}
