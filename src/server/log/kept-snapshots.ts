/**
 * Stage 3: snapshots of the fold kept beside the log, so that a lost store can be rebuilt from a log whose beginning
 * was trimmed. May touch: files named `<20-digit position>.snapshot` in the log's folder.
 *
 * A file: `verbsnp` 7 bytes, format 1, position 6, 0 0, length 4, the bytes, CRC-32C of all before 4; little-endian.
 */
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";
import type { LogFiles } from "./log-files.ts";

const MAGIC = Buffer.from("verbsnp", "latin1");
const FORMAT = 1;
const HEADER_BYTES = 20;
const TRAILER_BYTES = 4;
const NAME = /^([0-9]{20})\.snapshot$/;

/** The fold's state at one position, as `projector/snapshot.ts` encoded it. */
export interface KeptSnapshot {
  /** The next position to fold. */
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** The snapshots beside one log. */
export class KeptSnapshotFiles {
  readonly #files: LogFiles;
  readonly #folder: string;
  readonly #damaged: (error: Error) => void;

  /** `folder` is the log's own, and exists. `damaged` hears of each snapshot that a search had to pass over. */
  constructor(files: LogFiles, folder: string, damaged: (error: Error) => void) {
    this.#files = files;
    this.#folder = folder;
    this.#damaged = damaged;
  }

  /** Keeps a snapshot and resolves when it is durable. A repeat at the same position replaces it. */
  async keep(position: number, bytes: Uint8Array): Promise<void> {
    const path = this.#path(position);
    const encoded = encode(position, bytes);
    const file = await this.#files.open(`${path}.tmp`, "create");
    try {
      await file.write(encoded, encoded.length, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#files.rename(`${path}.tmp`, path);
    await this.#files.syncFolder(this.#folder);
  }

  /** Positions of the snapshots that are kept, ascending, unread. */
  async positions(): Promise<number[]> {
    return (await this.#files.list(this.#folder))
      .flatMap((name) => {
        const digits = NAME.exec(name)?.[1];
        return digits === undefined ? [] : [Number(digits)];
      })
      .sort((a, b) => a - b);
  }

  /** The oldest whole snapshot at or after a position. */
  async oldest(atOrAfter: number): Promise<KeptSnapshot | undefined> {
    return this.#firstWhole((await this.positions()).filter((position) => position >= atOrAfter));
  }

  /** The newest whole snapshot at or before a position. */
  async newest(atOrBefore: number): Promise<KeptSnapshot | undefined> {
    return this.#firstWhole((await this.positions()).filter((position) => position <= atOrBefore).reverse());
  }

  /** Removes the snapshots before a position. */
  async drop(before: number): Promise<void> {
    const old = (await this.positions()).filter((position) => position < before);
    for (const position of old) await this.#files.remove(this.#path(position));
    if (old.length > 0) await this.#files.syncFolder(this.#folder);
  }

  async #firstWhole(positions: readonly number[]): Promise<KeptSnapshot | undefined> {
    for (const position of positions) {
      const read = await this.#read(position);
      if (typeof read !== "string") return { position, bytes: read };
      this.#damaged(new Error(`${name(position)} is damaged: ${read}`));
    }
    return undefined;
  }

  /** The bytes of a snapshot, or what is wrong with its file. */
  async #read(position: number): Promise<Uint8Array | string> {
    const file = await this.#files.open(this.#path(position), "read");
    try {
      const encoded = Buffer.allocUnsafeSlow(await file.size());
      const got = await file.read(encoded, 0, encoded.length, 0);
      return decode(encoded.subarray(0, got), position);
    } finally {
      await file.close();
    }
  }

  #path(position: number): string {
    return join(this.#folder, name(position));
  }
}

function name(position: number): string {
  return `${String(position).padStart(20, "0")}.snapshot`;
}

function encode(position: number, bytes: Uint8Array): Buffer {
  const encoded = Buffer.alloc(HEADER_BYTES + bytes.length + TRAILER_BYTES);
  encoded.set(MAGIC, 0);
  encoded[7] = FORMAT;
  encoded.writeUIntLE(position, 8, 6);
  encoded.writeUInt32LE(bytes.length, 16);
  encoded.set(bytes, HEADER_BYTES);
  const end = HEADER_BYTES + bytes.length;
  encoded.writeUInt32LE(crc32c(encoded.subarray(0, end)), end);
  return encoded;
}

function decode(encoded: Buffer, position: number): Uint8Array | string {
  if (encoded.length < HEADER_BYTES + TRAILER_BYTES) return `it has ${encoded.length} bytes`;
  if (!encoded.subarray(0, 7).equals(MAGIC)) return "it does not begin like a snapshot";
  const end = encoded.length - TRAILER_BYTES;
  if (encoded.readUInt32LE(16) !== end - HEADER_BYTES) return "it is cut short";
  if (crc32c(encoded.subarray(0, end)) !== encoded.readUInt32LE(end)) return "its checksum does not match";
  if (encoded[7] !== FORMAT) return `it has the format ${encoded[7]}, and this program knows ${FORMAT}`;
  if (encoded.readUIntLE(8, 6) !== position) return "it is the snapshot of another position";
  return encoded.subarray(HEADER_BYTES, end);
}
