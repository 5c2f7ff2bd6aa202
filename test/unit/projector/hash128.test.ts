/**
 * The hash of the key window is part of the data format: these values may never change. They are those of the
 * reference implementation, over the UTF-16LE bytes of the text.
 */
import { describe, expect, it } from "vitest";
import { hash128 } from "../../../src/server/projector/hash128.ts";

const VECTORS: readonly (readonly [text: string, seed: number, words: string])[] = [
  ["", 0, "00000000 00000000 00000000 00000000"],
  ["", 123, "fedc5245 26f3e799 26f3e799 26f3e799"],
  ["", 0x9747b28c, "f7bed5a1 5b576a1c 5b576a1c 5b576a1c"],
  ["a", 0, "033bb196 ccef4fe1 ccef4fe1 ccef4fe1"],
  ["ab", 123, "f93f3df5 01b38d32 01b38d32 01b38d32"],
  ["abc", 0, "2b5b97a3 20f75fb5 5012c2b4 5012c2b4"],
  ["abcd", 0x9747b28c, "e7e2c3fc 3758d098 9f3c95b2 9f3c95b2"],
  ["abcde", 0, "4b3605de 6cd4a205 9a7ed175 0af158b2"],
  ["abcdef", 123, "756403d1 c7adeb72 c4009030 917cbef2"],
  ["abcdefg", 0, "851fde5e f81a9aab 2a351f32 fa8e8ca7"],
  ["abcdefgh", 0, "6c357655 8df898a1 a76d230d 42147114"],
  ["abcdefgh", 0x9747b28c, "0ccfb6e3 6887339c 6f4b08c2 c88cb3c0"],
  ["abcdefghi", 123, "356add28 8f32f8d1 0b6efdfc a77f006d"],
  ["verbatim keeps every word", 0, "c2e8ecf1 3ede810e c6c55f9f 2e436976"],
  ["verbatim keeps every word", 0x9747b28c, "6445750a 4170efe3 7561515f e6f3872f"],
  ["grüße €𝄞", 0, "2a796e9c bb43e069 ecfbc840 f496887b"],
  ["grüße €𝄞", 123, "71f02e6f 7685aa0c 940a4e68 50458ef5"],
  // The bytes of 28 letters x, as other implementations have it in their tests.
  ["\u7878".repeat(14), 123, "5e40bab2 78825a16 4cf929d3 1fec6047"],
];

function hashOf(text: string, seed: number): string {
  const words = new Uint32Array(4);
  hash128(text, seed, words);
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");
}

describe("hash128", () => {
  it.each(VECTORS)("PROJ-2 of %j with seed %i is that of MurmurHash3_x86_128", (text, seed, words) => {
    expect(hashOf(text, seed)).toBe(words);
  });

  it("PROJ-2 tells a hundred thousand texts apart that differ little", () => {
    const seen = new Set<string>();
    for (let number = 0; number < 100_000; number++) seen.add(hashOf(`sender\u0000room\u0000key ${number}`, 1));
    expect(seen.size).toBe(100_000);
  });
});
