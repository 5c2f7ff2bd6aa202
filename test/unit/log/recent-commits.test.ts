/** The last commits: their records, and their bytes as long as nothing newer has taken the place. */
import { describe, expect, it } from "vitest";
import { RecentCommits } from "../../../src/server/log/recent-commits.ts";
import { decodeRecord, encodedBytes, encodeRecord, recordBytes } from "../../../src/server/log/record-codec.ts";
import type { LogRecord } from "../../../src/server/record.ts";
import { messages } from "../../support/log-records.ts";

function encodeAll(records: readonly LogRecord[]): Buffer {
  const parts = records.map((record) => {
    const bytes = Buffer.alloc(encodedBytes(record));
    encodeRecord(record, bytes, 0);
    return bytes;
  });
  return Buffer.concat(parts);
}

function decodeAll(encoded: Buffer | undefined): (LogRecord | undefined)[] {
  const records: (LogRecord | undefined)[] = [];
  if (encoded === undefined) return records;
  for (let at = 0; at < encoded.length; at += recordBytes(encoded, at) ?? encoded.length) {
    records.push(decodeRecord(encoded, at));
  }
  return records;
}

describe("recent commits", () => {
  it("LOG-3 gives records and bytes alike, from any position of a commit, and never others' bytes", () => {
    const recent = new RecentCommits(4 * 1024 * 1024);
    let at = 0;
    let round = 0;
    // More than goes around the ring several times, in commits of every length.
    for (let written = 0; written < 5 * 1024 * 1024; round += 1) {
      const records = messages(at, at + 1 + ((round * 7) % 400), { body: "x".repeat((round * 13) % 300) });
      const encoded = encodeAll(records);
      recent.push(at, records, encoded);
      written += encoded.length;
      for (const position of [at, at + (records.length >> 1), at + records.length - 1]) {
        const batch = recent.find(position);
        expect(batch?.records).toEqual(records.slice(position - at));
        expect(decodeAll(batch?.encoded())).toEqual(records.slice(position - at));
      }
      at += records.length;
    }
    let known = 0;
    let lost = 0;
    for (let position = at - 1; ; ) {
      const batch = recent.find(position);
      if (batch === undefined) break;
      const encoded = batch.encoded();
      if (encoded === undefined) lost += 1;
      else {
        known += 1;
        expect(lost).toBe(0);
        expect(decodeAll(encoded)).toEqual(batch.records);
      }
      position = batch.from - 1;
    }
    expect(known).toBeGreaterThan(0);
    expect(lost).toBeGreaterThan(0);
  });

  it("a commit that is longer than all that is kept has its records and no bytes", () => {
    const recent = new RecentCommits(1000);
    const small = messages(0, 3);
    recent.push(0, small, encodeAll(small));
    const large = messages(3, 60, { body: "y".repeat(20_000) });
    recent.push(3, large, encodeAll(large));
    expect(recent.find(3)?.records).toEqual(large);
    expect(recent.find(3)?.encoded()).toBeUndefined();
    recent.push(60, small, encodeAll(small));
    expect(decodeAll(recent.find(60)?.encoded())).toEqual(small);
  });
});
