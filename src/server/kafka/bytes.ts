/** Beside stage 3: the numbers of Kafka's protocol, big-endian and variable-length, in a buffer. Pure. */

const HIGH = 0x1_0000_0000;
const LENGTH_BITS = 32;

/** A signed 64-bit number; what is written there stays far below 2^53. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * HIGH + bytes.readUInt32BE(at + 4);
}

/** Writes a number from 0 to 2^53 as 64 bits. */
export function writeInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / HIGH), at);
  bytes.writeUInt32BE(value % HIGH, at + 4);
}

/** Writes an unsigned number of up to 31 bits, seven bits a byte, and returns the offset after it. */
export function writeVarint(bytes: Buffer, value: number, at: number): number {
  let rest = value;
  let offset = at;
  while (rest > 0x7f) {
    bytes[offset] = (rest & 0x7f) | 0x80;
    offset += 1;
    rest >>>= 7;
  }
  bytes[offset] = rest;
  return offset + 1;
}

/** How many bytes `writeVarint` takes. */
export function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) count += 1;
  return count;
}

/** Reads one thing after the other. Throws a `RangeError` at the end of the bytes. */
export class ByteReader {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return readInt64(this.bytes, this.at - 8);
  }

  /** An unsigned number, seven bits a byte; of a longer one than 32 bits the rest is passed over. */
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw new RangeError("a number goes on after the end");
      this.at += 1;
      if (shift < LENGTH_BITS) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** A signed number: 0, -1, 1, -2, … stand as 0, 1, 2, 3, … */
  zigzag(): number {
    const value = this.varint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** How many follow; -1 for none at all. */
  count(isFlexible: boolean): number {
    return isFlexible ? this.varint() - 1 : this.int32();
  }

  /** Passes over the fields that a newer version has put there. */
  skipTags(isFlexible: boolean): void {
    if (!isFlexible) return;
    for (let tags = this.varint(); tags > 0; tags -= 1) {
      this.varint();
      const length = this.varint();
      this.at += length;
    }
  }
}
