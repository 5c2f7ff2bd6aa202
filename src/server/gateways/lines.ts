/**
 * Stage 1: bytes become lines. Lines are split on raw bytes and decoded once a chunk; what is left over is copied, for
 * a slice of it would keep the whole chunk alive. Knows nothing of commands.
 */
import { isAscii, isUtf8 } from "node:buffer";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** The first room made for a line that has begun. */
const REST_BYTES_MIN = 256;

/** A line that is not UTF-8. */
export const NOT_UTF8 = Symbol("not UTF-8");
/** A line that is longer than it may be; there is no going on after it. */
export const TOO_LONG = Symbol("too long");

/** One line without its line end, or what is wrong with it. */
export type Line = string | typeof NOT_UTF8 | typeof TOO_LONG;

/** The lines of one stream of bytes. */
export class Lines {
  readonly #bytesMax: number;
  /** A line that has begun, in the first `#restBytes` of a buffer that grows. */
  #rest: Buffer | undefined;
  #restBytes = 0;
  /** Whole lines that are not decoded yet. */
  #whole: Buffer[] = [];
  /** Whole lines that are, and how far they have been taken. */
  #text = "";
  #at = 0;
  #tooLong = false;

  /** `bytesMax` = the longest line, its newline not counted. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes the next bytes. They may be reused afterwards only if every line has been taken with `next`. */
  feed(chunk: Buffer): void {
    if (this.#tooLong) return;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      this.#keep(chunk);
      return;
    }
    let start = 0;
    if (this.#restBytes > 0) {
      start = chunk.indexOf(NEWLINE) + 1;
      this.#keep(chunk.subarray(0, start));
      // What follows can't be told apart from the line that is too long: none of it may be carried out.
      if (this.#tooLong) return;
      if (this.#rest !== undefined) this.#whole.push(this.#rest.subarray(0, this.#restBytes));
      this.#rest = undefined;
      this.#restBytes = 0;
    }
    if (start < end) this.#whole.push(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    if (end < chunk.length) this.#keep(chunk.subarray(end));
  }

  /** The next line, or `undefined` until more bytes come. */
  next(): Line | undefined {
    while (this.#at >= this.#text.length) {
      const whole = this.#whole[0];
      if (whole === undefined) return this.#tooLong ? TOO_LONG : undefined;
      if (whole.length <= this.#bytesMax && (isAscii(whole) || isUtf8(whole))) {
        this.#whole.shift();
        this.#text = isAscii(whole) ? whole.toString("latin1") : whole.toString("utf8");
        this.#at = 0;
      } else {
        return this.#nextAlone(whole);
      }
    }
    const end = this.#text.indexOf("\n", this.#at);
    const textEnd = this.#text.charCodeAt(end - 1) === CARRIAGE_RETURN && end > this.#at ? end - 1 : end;
    const line = this.#text.slice(this.#at, textEnd);
    this.#at = end + 1;
    if (this.#at >= this.#text.length) this.#text = "";
    return line;
  }

  /** One line by itself, where a chunk as a whole can't be decoded. */
  #nextAlone(whole: Buffer): Line {
    const newline = whole.indexOf(NEWLINE);
    if (newline + 1 === whole.length) this.#whole.shift();
    else this.#whole[0] = whole.subarray(newline + 1);
    if (newline > this.#bytesMax) {
      this.#tooLong = true;
      this.#whole = [];
      return TOO_LONG;
    }
    const end = newline > 0 && whole[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
    const bytes = whole.subarray(0, end);
    return isUtf8(bytes) ? bytes.toString("utf8") : NOT_UTF8;
  }

  #keep(bytes: Buffer): void {
    const needed = this.#restBytes + bytes.length;
    // One more than the limit, for the newline.
    if (needed > this.#bytesMax + 1) {
      this.#tooLong = true;
      this.#rest = undefined;
      this.#restBytes = 0;
      return;
    }
    if (this.#rest === undefined || needed > this.#rest.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(REST_BYTES_MIN, needed, (this.#rest?.length ?? 0) * 2));
      this.#rest?.copy(grown, 0, 0, this.#restBytes);
      this.#rest = grown;
    }
    bytes.copy(this.#rest, this.#restBytes);
    this.#restBytes = needed;
  }
}
