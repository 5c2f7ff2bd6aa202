/**
 * Lines: however a stream of bytes is cut into chunks, it gives the same lines; the limit holds at its edge; and what
 * is left over keeps no chunk alive.
 */
import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Line, Lines, NOT_UTF8, TOO_LONG } from "../../../src/server/gateways/lines.ts";

const NEWLINE = 0x0a;

/** All lines of a stream that comes in these chunks; reading them as they come, or only at the end. */
function linesOf(chunks: readonly Buffer[], bytesMax: number, eager: boolean): Line[] {
  const lines = new Lines(bytesMax);
  const all: Line[] = [];
  const drain = (): void => {
    for (let line = lines.next(); line !== undefined; line = lines.next()) {
      all.push(line);
      // Nothing can be told apart after it: whoever reads on would read it for ever.
      if (line === TOO_LONG) return;
    }
  };
  for (const chunk of chunks) {
    lines.feed(chunk);
    if (eager && all.at(-1) !== TOO_LONG) drain();
  }
  if (all.at(-1) !== TOO_LONG) drain();
  return all;
}

/** What the lines of a stream are, said as plainly as possible. */
function plainly(bytes: Buffer, bytesMax: number): Line[] {
  const all: Line[] = [];
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(NEWLINE, start);
    const length = (end < 0 ? bytes.length : end) - start;
    // A line that has begun may hold one byte more: that could be its newline.
    if (length > bytesMax + (end < 0 ? 1 : 0)) return [...all, TOO_LONG];
    if (end < 0) return all;
    const line = bytes.subarray(start, bytes[end - 1] === 0x0d && end > start ? end - 1 : end);
    all.push(isUtf8(line) ? line.toString() : NOT_UTF8);
    start = end + 1;
  }
}

/** Bytes with many newlines, some text, some of it not UTF-8. */
const stream = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom("\n", "\r\n", "\r", "", "a", '{"_ct":"quit"}') },
      { weight: 3, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }) },
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part as string))));

/** Cuts bytes at places between 0 and 1. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b), bytes.length];
  // Copies, as chunks of a socket are.
  return at.slice(1).map((end, index) => Buffer.from(bytes.subarray(at[index], end)));
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

describe("lines", () => {
  it("WIRE-1 CMD-3 are the same however the bytes are cut, and however late they are read", () => {
    fc.assert(
      fc.property(stream, places, fc.integer({ min: 1, max: 60 }), fc.boolean(), (bytes, at, bytesMax, eager) => {
        expect(linesOf(cut(bytes, at), bytesMax, eager)).toEqual(plainly(bytes, bytesMax));
      }),
      { numRuns: 3000 },
    );
  });

  it("WIRE-1 are the same byte by byte", () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        const single = Array.from(bytes, (byte) => Buffer.from([byte]));
        expect(linesOf(single, 1000, true)).toEqual(linesOf([bytes], 1000, true));
      }),
    );
  });

  it("WIRE-8 WIRE-21 may have lineBytesMax bytes, newline not counted, and not one more", () => {
    for (const size of [1, 255, 256, 257, 5000]) {
      for (const pieces of [1, 2, 3, size]) {
        const at = Array.from({ length: pieces - 1 }, (_, index) => (index + 1) / pieces);
        const fits = Buffer.from(`${"x".repeat(size)}\ny\n`);
        expect(linesOf(cut(fits, at), size, true), `${size} in ${pieces}`).toEqual(["x".repeat(size), "y"]);
        const over = Buffer.from(`o\n${"x".repeat(size + 1)}\ny\n`);
        expect(linesOf(cut(over, at), size, true), `${size + 1} in ${pieces}`).toEqual(["o", TOO_LONG]);
      }
    }
  });

  it("WIRE-8 give the lines before one that is too long, and nothing after it", () => {
    const lines = new Lines(4);
    lines.feed(Buffer.from("one\ntwo\nmuch too long\nfour\n"));
    expect([lines.next(), lines.next(), lines.next()]).toEqual(["one", "two", TOO_LONG]);
    lines.feed(Buffer.from("more\n"));
    expect(lines.next()).toBe(TOO_LONG);
  });

  it("WIRE-7 are told apart after one that is not UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from("good\n"), Buffer.from([0xff, 0x0a]), Buffer.from("bétter\n")]);
    expect(linesOf([bytes], 100, true)).toEqual(["good", NOT_UTF8, "bétter"]);
  });

  it("WIRE-8 WIRE-21 hold no more than the limit of a line without end", () => {
    const lines = new Lines(1 << 20);
    const chunk = Buffer.alloc(64 * 1024, 0x61);
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < 1600; sent++) lines.feed(chunk);
    expect(lines.next()).toBe(TOO_LONG);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });

  it("FAN-2 keep no chunk alive for what is left over of it", () => {
    const before = process.memoryUsage().arrayBuffers;
    const all = Array.from({ length: 300 }, () => {
      const lines = new Lines(128 * 1024);
      // Not of the pool: each is memory of its own, as large as a socket's chunk.
      const chunk = Buffer.alloc(64 * 1024, "a line of sixteen\n".slice(-16));
      chunk.write("rest", chunk.length - 4);
      lines.feed(chunk);
      while (lines.next() !== undefined);
      return lines;
    });
    const held = (): number => process.memoryUsage().arrayBuffers - before;
    // 300 chunks are 19 MiB. Garbage is collected when it pleases, so give it reason to.
    for (let round = 0; round < 200 && held() > 4 << 20; round++) Buffer.alloc(8 << 20);
    expect(held()).toBeLessThan(8 << 20);
    for (const lines of all) {
      lines.feed(Buffer.from("\n"));
      expect(lines.next()).toMatch(/rest$/);
    }
  });
});
