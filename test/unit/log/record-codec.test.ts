/** A record as bytes and back, whatever it holds, and bytes that are none. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeRecord,
  encodedBytes,
  encodedBytesMax,
  encodeRecord,
  RECORD_HEADER_BYTES,
  recordBytes,
} from "../../../src/server/log/record-codec.ts";
import { UuidTexts } from "../../../src/server/log/uuid-bytes.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { KINDS } from "../../../src/server/record.ts";
import { anyRecord, message } from "../../support/log-records.ts";

function encoded(record: LogRecord): Buffer {
  const buffer = Buffer.alloc(encodedBytes(record));
  expect(encodeRecord(record, buffer, 0)).toBe(buffer.length);
  return buffer;
}

describe("record codec", () => {
  it("gives back any record as it was, lone surrogates and foreign kinds included", () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(40), (record, offset) => {
        const bytes = encodedBytes(record);
        expect(bytes).toBeLessThanOrEqual(encodedBytesMax(record));
        const buffer = Buffer.alloc(offset + bytes + 7, 0xee);
        expect(encodeRecord(record, buffer, offset)).toBe(offset + bytes);
        expect(recordBytes(buffer, offset)).toBe(bytes);
        expect(decodeRecord(buffer, offset)).toEqual(record);
        expect(decodeRecord(buffer, offset, offset + bytes, new UuidTexts(2))).toEqual(record);
        expect(buffer.subarray(offset + bytes).every((byte) => byte === 0xee)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("writes each known kind as its number and every other number as unknown_<code>", () => {
    for (const [index, kind] of KINDS.entries()) expect(encoded(message(1, { kind }))[1]).toBe(index + 1);
    for (let code = KINDS.length + 1; code <= 255; code += 1) {
      const buffer = encoded(message(1));
      buffer[1] = code;
      const record = decodeRecord(buffer, 0);
      expect(record?.kind).toBe(`unknown_${code}`);
      expect(encoded(record as LogRecord)).toEqual(buffer);
    }
    for (const kind of ["unknown_1", "unknown_0", "unknown_256", "unknown_007", "reaction_added"]) {
      const buffer = encoded(message(1, { kind }));
      expect(buffer[1]).toBe(0);
      expect(decodeRecord(buffer, 0)?.kind).toBe(kind);
    }
  });

  it("keeps latin text at one byte a character", () => {
    const record = message(1, { body: '"héllo ÿ"', senderName: "Zoë", key: "clé" });
    expect(encodedBytes(record)).toBe(RECORD_HEADER_BYTES + 9 + 3 + 3);
  });

  it("tells an empty key from none", () => {
    expect(decodeRecord(encoded(message(1, { key: "" })), 0)?.key).toBe("");
    expect(decodeRecord(encoded(message(1, { key: undefined })), 0)?.key).toBe(undefined);
  });

  it("PROJ-5 answers undefined, never an exception, for a record that is cut at any byte", () => {
    const buffer = encoded(message(1, { key: "k", body: '"ü €"' }));
    for (let end = 0; end < buffer.length; end += 1) {
      expect(decodeRecord(buffer.subarray(0, end), 0)).toBe(undefined);
      expect(decodeRecord(buffer, 0, end)).toBe(undefined);
    }
  });

  it("PROJ-5 never throws and never reads beyond the end, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(320), (bytes, offset) => {
        decodeRecord(Buffer.from(bytes), offset);
      }),
      { numRuns: 500 },
    );
    const whole = encoded(message(1, { key: "key", body: '"text €"' }));
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      decodeRecord(flipped, 0);
    }
  });

  it("PROJ-5 reads the envelope of a later version, and refuses version 0", () => {
    const buffer = encoded(message(1));
    buffer[0] = 9;
    expect(decodeRecord(buffer, 0)).toEqual({ ...message(1), version: 9 });
    buffer[0] = 0;
    expect(decodeRecord(buffer, 0)).toBe(undefined);
  });

  it("refuses what it could not give back", () => {
    const wrong: Partial<LogRecord>[] = [
      { version: 0 },
      { version: 256 },
      { version: 1.5 },
      { time: -1 },
      { time: 2 ** 48 },
      { time: 0.5 },
      { kind: "" },
      { kind: "k".repeat(256) },
      { senderName: "n".repeat(65_536) },
      { key: "k".repeat(65_536) },
      { room: "" },
      { room: "0190a6ae-7e0b-7000-8000-00000000000" },
      { id: "0190a6ae-7e0b-7000-8000-00000000000G" },
      { id: "0190A6AE-7E0B-7000-8000-000000000001" },
      { sender: "0190a6ae07e0b-7000-8000-000000000001" },
      { sender: "0190a6ae-7e0b-7000-8000-00000000000é" },
      { sender: "0190a6ae-7e0b-7000-8000-00000000000\u0130" },
    ];
    for (const change of wrong) {
      expect(() => encodeRecord(message(1, change), Buffer.alloc(400_000), 0), JSON.stringify(change)).toThrow(
        RangeError,
      );
    }
  });

  it("refuses a target that is too small by one byte", () => {
    for (const body of ['"plain"', '"€ wide"']) {
      const record = message(1, { body });
      const target = Buffer.alloc(encodedBytes(record) - 1);
      expect(() => encodeRecord(record, target, 0)).toThrow(RangeError);
    }
  });
});

describe("UuidTexts", () => {
  it("gives the same text as uuidText for more ids than it has places", () => {
    const texts = new UuidTexts(4);
    fc.assert(
      fc.property(fc.array(fc.uuid(), { minLength: 1, maxLength: 30 }), (ids) => {
        for (const id of [...ids, ...ids]) {
          const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
          expect(texts.at(bytes, 0)).toBe(id);
        }
      }),
    );
    expect(() => new UuidTexts(3)).toThrow(RangeError);
  });
});
