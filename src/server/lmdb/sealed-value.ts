/**
 * How a value lies in an LMDB environment: format byte, CRC-32C, then what it carries (LOG-6). Pure: touches bytes and
 * nothing else.
 */
import { crc32c } from "@node-rs/crc32";

/** Bytes before what a value carries: the format byte and the checksum of all that follows it. */
export const SEAL_BYTES = 5;

const FORMAT = 1;

/** Why a value can't be read; the message ends a sentence that says which. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/** Writes the seal into the first `SEAL_BYTES` of `value`, over all that stands after them, and returns it. */
export function seal(value: Buffer): Buffer {
  value[0] = FORMAT;
  value.writeUInt32LE(crc32c(value.subarray(SEAL_BYTES)), 1);
  return value;
}

/** Throws a `SealError` where `value` is not as `seal` left it; what it carries begins at `SEAL_BYTES`. */
export function checkSeal(value: Buffer): void {
  if (value.length < SEAL_BYTES) throw new SealError(`is cut short to ${value.length} bytes`);
  if (value[0] !== FORMAT) throw new SealError(`has format ${value[0]}; this program reads format ${FORMAT}`);
  if (value.readUInt32LE(1) !== crc32c(value.subarray(SEAL_BYTES))) throw new SealError("fails its checksum");
}

/** A sealed value that carries one whole number from 0 to 2^53 - 1. */
export function sealNumber(value: number): Buffer {
  const bytes = Buffer.alloc(SEAL_BYTES + 8);
  writeNumber(value, bytes, SEAL_BYTES);
  return seal(bytes);
}

/** What `sealNumber` sealed; throws a `SealError`. */
export function unsealNumber(value: Buffer): number {
  checkSeal(value);
  if (value.length !== SEAL_BYTES + 8) throw new SealError(`has ${value.length} bytes where ${SEAL_BYTES + 8} belong`);
  return readNumber(value, SEAL_BYTES);
}

/** Writes a whole number from 0 to 2^53 - 1 in 8 bytes, big endian, so that keys sort as their numbers do. */
export function writeNumber(value: number, target: Buffer, offset: number): void {
  target.writeUInt32BE(Math.floor(value / 2 ** 32), offset);
  target.writeUInt32BE(value >>> 0, offset + 4);
}

/** What `writeNumber` wrote. */
export function readNumber(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4);
}
