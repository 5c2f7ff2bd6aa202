/**
 * MurmurHash3 (x86, 128 bits) of a string's UTF-16 code units, low byte first: the hash of the key window. It is part
 * of the fold and so of the data format: it must give the same words on every node for ever. It is no protection
 * against somebody who looks for collisions; the only messages they could drop so are their own, for the sender's id
 * is hashed with the key.
 */

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

const rotl = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

const finish = (x: number): number => {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** Two code units as one little-endian word; units beyond the end count as 0. */
const word = (text: string, at: number): number => {
  if (at + 1 < text.length) return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
  return at < text.length ? text.charCodeAt(at) : 0;
};

/** Writes the four 32-bit words of the hash of `text` to `out[0..3]`. */
export function hash128(text: string, seed: number, out: Uint32Array): void {
  const length = text.length;
  const blocksEnd = length - (length % 8);
  let h1 = seed;
  let h2 = seed;
  let h3 = seed;
  let h4 = seed;
  for (let at = 0; at < blocksEnd; at += 8) {
    h1 ^= Math.imul(rotl(Math.imul(word(text, at), C1), 15), C2);
    h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotl(Math.imul(word(text, at + 2), C2), 16), C3);
    h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotl(Math.imul(word(text, at + 4), C3), 17), C4);
    h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotl(Math.imul(word(text, at + 6), C4), 18), C1);
    h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  if (blocksEnd < length) {
    h4 ^= Math.imul(rotl(Math.imul(word(text, blocksEnd + 6), C4), 18), C1);
    h3 ^= Math.imul(rotl(Math.imul(word(text, blocksEnd + 4), C3), 17), C4);
    h2 ^= Math.imul(rotl(Math.imul(word(text, blocksEnd + 2), C2), 16), C3);
    h1 ^= Math.imul(rotl(Math.imul(word(text, blocksEnd), C1), 15), C2);
  }
  const bytes = length * 2;
  h1 ^= bytes;
  h2 ^= bytes;
  h3 ^= bytes;
  h4 ^= bytes;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finish(h1);
  h2 = finish(h2);
  h3 = finish(h3);
  h4 = finish(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  out[0] = h1;
  out[1] = (h2 + h1) | 0;
  out[2] = (h3 + h1) | 0;
  out[3] = (h4 + h1) | 0;
}
