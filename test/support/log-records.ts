/** Records for tests of the log and store: plain ones by number, and any that fast-check can think of. */
import fc from "fast-check";
import type { LogRecord } from "../../src/server/record.ts";
import { ENVELOPE_VERSION, KINDS } from "../../src/server/record.ts";

/** A UUID that ends in the number. */
export function uuidOf(number: number): string {
  return `0190a6ae-7e0b-7000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** Message `number`, in room 1 by sender 2, changed as said. */
export function message(number: number, change: Partial<LogRecord> = {}): LogRecord {
  return {
    version: ENVELOPE_VERSION,
    kind: "message",
    room: uuidOf(1),
    id: uuidOf(1_000_000 + number),
    sender: uuidOf(2),
    senderName: "alice",
    key: undefined,
    time: 1_800_000_000_000 + number,
    body: JSON.stringify(`message ${number}`),
    ...change,
  };
}

/** Messages `from` to below `to`. */
export function messages(from: number, to: number, change: Partial<LogRecord> = {}): LogRecord[] {
  return Array.from({ length: to - from }, (_, index) => message(from + index, change));
}

/** Any text, lone surrogates included. */
const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ maxLength }),
    fc.string({ unit: "grapheme", maxLength: maxLength / 4 }),
    fc.array(fc.nat(0xffff), { maxLength }).map((units) => String.fromCharCode(...units)),
  );

const anyUuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
});

/** Any record that can be written. */
export const anyRecord: fc.Arbitrary<LogRecord> = fc.record({
  version: fc.integer({ min: 1, max: 255 }),
  kind: fc.oneof(
    fc.constantFrom(...KINDS),
    fc.integer({ min: 0, max: 300 }).map((code) => `unknown_${code}`),
    fc.string({ minLength: 1, maxLength: 64 }),
  ),
  room: anyUuid,
  id: anyUuid,
  sender: anyUuid,
  senderName: anyText(64),
  key: fc.option(anyText(64), { nil: undefined }),
  time: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  body: fc.oneof(
    anyText(400),
    fc.string({ maxLength: 200 }).map((text) => JSON.stringify(text)),
  ),
});
