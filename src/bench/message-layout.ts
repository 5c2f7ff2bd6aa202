/**
 * Load tool, the words of its own messages: what a `send_message` line of ours looks like, written by patching digits
 * into a template, and the same digits read back from bytes. Fixed widths, so that neither side makes a string.
 *
 * The text of a message is `v1 RUN STREAM NUMBER MICROS PADDING`: a tag of this run, which (user, room) it is from, its
 * number there, when it was meant to be sent in µs since the run began, and letters up to the wanted length.
 */

/** A run's tag: messages of another run that is still going, or just ended, are none of ours. */
const RUN_TAG_LENGTH = 4;

const STREAM_DIGITS = 6;
const NUMBER_DIGITS = 9;
const MICROS_DIGITS = 12;
const STREAM_AT = 3 + RUN_TAG_LENGTH + 1;
const NUMBER_AT = STREAM_AT + STREAM_DIGITS + 1;
const MICROS_AT = NUMBER_AT + NUMBER_DIGITS + 1;

/** The shortest text that carries all fields, in bytes. */
export const TEXT_BYTES_MIN = MICROS_AT + MICROS_DIGITS + 1;

/** The most streams (users × rooms each) that the digits allow. */
export const STREAMS_MAX = 10 ** STREAM_DIGITS;

/** The fields of one of our messages. */
export interface BenchMessage {
  readonly stream: number;
  readonly number: number;
  /** When it was meant to be sent, in µs since the run began. */
  readonly micros: number;
}

/** The text of a message, `length` bytes of ASCII. */
export function messageText(run: string, message: BenchMessage, length: number): string {
  const digits = (value: number, width: number): string => String(value).padStart(width, "0");
  const fields = [
    "v1",
    run,
    digits(message.stream, STREAM_DIGITS),
    digits(message.number, NUMBER_DIGITS),
    digits(message.micros, MICROS_DIGITS),
    "",
  ];
  return fields.join(" ").padEnd(length, "abcdefghijklmnopqrstuvwxyz");
}

/** The fields of a text, or `undefined` where it is not one of ours. */
export function parseMessageText(run: string, text: string): BenchMessage | undefined {
  if (!text.startsWith(`v1 ${run} `) || text.length < TEXT_BYTES_MIN) return undefined;
  const bytes = new TextEncoder().encode(text);
  const message = { stream: readStream(bytes, 0), number: readNumber(bytes, 0), micros: readMicros(bytes, 0) };
  return message.stream < 0 || message.number < 0 || message.micros < 0 ? undefined : message;
}

/** The stream of a text that begins at `at`; negative where those bytes are not digits. */
export function readStream(bytes: Uint8Array, at: number): number {
  return readDigits(bytes, at + STREAM_AT, STREAM_DIGITS);
}

/** The number of a text that begins at `at`; negative where those bytes are not digits. */
export function readNumber(bytes: Uint8Array, at: number): number {
  return readDigits(bytes, at + NUMBER_AT, NUMBER_DIGITS);
}

/** The intended send time of a text that begins at `at`, in µs; negative where those bytes are not digits. */
export function readMicros(bytes: Uint8Array, at: number): number {
  return readDigits(bytes, at + MICROS_AT, MICROS_DIGITS);
}

/** A key: run and stream and number, digits fixed, so that an `ack` is read like a text. */
export function messageKey(run: string, message: BenchMessage): string {
  const stream = String(message.stream).padStart(STREAM_DIGITS, "0");
  return `v1 ${run} ${stream} ${String(message.number).padStart(NUMBER_DIGITS, "0")}`;
}

/** Length of every key, in bytes. */
export const KEY_BYTES = NUMBER_AT + NUMBER_DIGITS;

/** A tag that no other run is likely to have. */
export function newRunTag(): string {
  return Math.random().toString(36).slice(2).padEnd(RUN_TAG_LENGTH, "0").slice(0, RUN_TAG_LENGTH);
}

/** Puts a message's number and intended send time into a text of ours that stands at `textAt`. */
export function stampText(target: Uint8Array, textAt: number, number: number, micros: number): void {
  writeDigits(target, textAt + NUMBER_AT, NUMBER_DIGITS, number);
  writeDigits(target, textAt + MICROS_AT, MICROS_DIGITS, micros);
}

/** Writes one stream's messages as bytes that can be sent. */
export interface LineTemplate {
  /** Bytes of one message as it is sent. */
  readonly lineBytes: number;
  /** Writes message `number` at `at`; returns where it ends. */
  write(target: Buffer, at: number, number: number, micros: number): number;
}

/** Writes `send_message` lines of one stream. */
export class MessageTemplate implements LineTemplate {
  /** Bytes of one line, its newline included. */
  readonly lineBytes: number;
  readonly #line: Uint8Array;
  readonly #textAt: number;
  readonly #keyAt: number;

  constructor(run: string, room: string, stream: number, textBytes: number, withKey: boolean) {
    const zero = { stream, number: 0, micros: 0 };
    const text = messageText(run, zero, textBytes);
    const head = `{"_ct":"send_message","r":${JSON.stringify(room)},"c":"`;
    const key = withKey ? `","k":"${messageKey(run, zero)}` : "";
    this.#line = new TextEncoder().encode(`${head}${text}${key}"}\n`);
    this.#textAt = new TextEncoder().encode(head).length;
    this.#keyAt = withKey ? this.#textAt + textBytes + 7 : -1;
    this.lineBytes = this.#line.length;
  }

  /** Writes the line of message `number` at `at`; returns where it ends. */
  write(target: Uint8Array, at: number, number: number, micros: number): number {
    target.set(this.#line, at);
    stampText(target, at + this.#textAt, number, micros);
    if (this.#keyAt >= 0) writeDigits(target, at + this.#keyAt + NUMBER_AT, NUMBER_DIGITS, number);
    return at + this.lineBytes;
  }
}

function readDigits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = (bytes[index] as number) - 48;
    // A byte that is no digit, or lies beyond the end (NaN), makes the field invalid.
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function writeDigits(target: Uint8Array, at: number, count: number, value: number): void {
  let rest = value;
  for (let index = at + count - 1; index >= at; index--) {
    const tenth = Math.floor(rest / 10);
    target[index] = 48 + (rest - tenth * 10);
    rest = tenth;
  }
}
