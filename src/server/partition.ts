/**
 * Which partition a room lives in, for ever: murmur2 of its id as Kafka's own clients compute it, modulo the number of
 * partitions, so that anybody who taps the log finds a room where their client library expects it.
 */
import type { Uuid } from "./record.ts";

const M = 0x5bd1e995;

/** Kafka's murmur2 of an ASCII text, as a signed 32-bit number. */
export function murmur2(text: string): number {
  const length = text.length;
  let h = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k =
      text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24);
    k = Math.imul(k, M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length - at;
  if (rest >= 3) h ^= text.charCodeAt(at + 2) << 16;
  if (rest >= 2) h ^= text.charCodeAt(at + 1) << 8;
  if (rest >= 1) h = Math.imul(h ^ text.charCodeAt(at), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/** The partition of a room: 0 ≤ result < `partitions`. */
export function partitionOf(room: Uuid, partitions: number): number {
  // Asked for each message: an embedded log has but one.
  if (partitions === 1) return 0;
  return (murmur2(room) & 0x7fffffff) % partitions;
}
