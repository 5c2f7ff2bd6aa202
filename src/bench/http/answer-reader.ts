/**
 * Load tool, HTTP/1.1 answers in: finds whole answers in what a socket gave, with a length or in chunks. Reads the three
 * header fields that framing needs and leaves the rest where it stands. Touches no socket.
 */

/** A whole answer, where it stands in the bytes. Valid during the call that hands it over. */
export interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  /** Status line and header fields. */
  readonly headFrom: number;
  readonly headTo: number;
  readonly bodyFrom: number;
  readonly bodyTo: number;
  /** Whether the server closes the connection after it. */
  readonly closes: boolean;
}

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/** Header names by length, in lower case, as far as they are told apart: first letter, and where the colon stands. */
const CONTENT_LENGTH = "content-length".length;
const TRANSFER_ENCODING = "transfer-encoding".length;
const CONNECTION = "connection".length;

/** Reads the answers of one connection; holds nothing between two calls. */
export class AnswerReader implements Answer {
  status = 0;
  bytes: Buffer = Buffer.alloc(0);
  headFrom = 0;
  headTo = 0;
  bodyFrom = 0;
  bodyTo = 0;
  closes = false;
  #length = -1;
  #chunked = false;

  /**
   * Reads the answer that begins at `from`; returns where it ends, or `from` while it is unfinished, or -1 where it can't
   * be read at all.
   */
  read(bytes: Buffer, from: number, to: number): number {
    if (!this.#head(bytes, from, to)) return from;
    this.bytes = bytes;
    this.headFrom = from;
    if (this.#chunked) return this.#chunks(bytes, from, to);
    if (this.status === 204 || this.status === 304) this.#length = 0;
    if (this.#length < 0 || this.status < 200) return -1;
    this.bodyFrom = this.headTo;
    this.bodyTo = this.bodyFrom + this.#length;
    return this.bodyTo <= to ? this.bodyTo : from;
  }

  /** Reads status line and fields; whether they are whole. */
  #head(bytes: Buffer, from: number, to: number): boolean {
    this.#length = -1;
    this.#chunked = false;
    this.closes = false;
    // `HTTP/1.1 200`
    this.status = digits(bytes, from + 9, from + 12);
    let lineAt = from;
    for (let at = from; at < to; at++) {
      if (bytes[at] !== LF) continue;
      const lineTo = bytes[at - 1] === CR ? at - 1 : at;
      if (lineTo === lineAt) {
        this.headTo = at + 1;
        return true;
      }
      this.#field(bytes, lineAt, lineTo);
      lineAt = at + 1;
    }
    return false;
  }

  #field(bytes: Buffer, from: number, to: number): void {
    const first = (bytes[from] as number) | 0x20;
    if (first === 0x63 && bytes[from + CONTENT_LENGTH] === COLON) {
      this.#length = digits(bytes, from + CONTENT_LENGTH + 1, to);
    } else if (first === 0x63 && bytes[from + CONNECTION] === COLON) {
      this.closes = /close/i.test(bytes.toString("latin1", from, to));
    } else if (first === 0x74 && bytes[from + TRANSFER_ENCODING] === COLON) {
      this.#chunked = /chunked/i.test(bytes.toString("latin1", from, to));
    }
  }

  /** A body in chunks is put together in a buffer of its own; head and body then stand in different bytes. */
  #chunks(bytes: Buffer, from: number, to: number): number {
    const parts: Buffer[] = [bytes.subarray(this.headFrom, this.headTo)];
    let at = this.headTo;
    for (;;) {
      const lineEnd = bytes.indexOf("\r\n", at, "latin1");
      if (lineEnd < 0 || lineEnd + 2 > to) return from;
      const length = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
      if (!(length >= 0)) return -1;
      at = lineEnd + 2 + length + 2;
      if (at > to) return from;
      if (length === 0) break;
      parts.push(bytes.subarray(lineEnd + 2, at - 2));
    }
    const headBytes = this.headTo - this.headFrom;
    this.bytes = Buffer.concat(parts);
    this.headFrom = 0;
    this.headTo = headBytes;
    this.bodyFrom = headBytes;
    this.bodyTo = this.bytes.length;
    return at;
  }
}

/** The number that stands in `from` ≤ index < `to`, spaces before it allowed; -1 where there is none. */
export function digits(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] === 0x20) at++;
  let value = at < to ? 0 : -1;
  for (; at < to; at++) {
    const digit = (bytes[at] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
