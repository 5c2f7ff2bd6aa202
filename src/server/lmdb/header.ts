/**
 * Looks at the file of an LMDB environment before the driver does: the driver maps it into memory and ends the process
 * where it is something else or was cut short. Reads that file and nothing else.
 *
 * A file begins with two pages of which each says what the file held after one commit, the newer of the two counts. At
 * 24 in such a page: magic, version (4 bytes each); at 48 the size of a page (4); at 88 and 136 the root pages of its
 * two trees (8 each); at 144 its last page; at 152 the number of the commit. All little endian.
 */
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const HEADER_BYTES = 160;
const NO_PAGE = 2n ** 64n - 1n;

/** Pages that may lack at the end: a commit may number pages that it then does not need. Eight have been seen. */
const LACKING_PAGES_MAX = 64n;

interface Header {
  readonly pageBytes: bigint;
  readonly roots: readonly bigint[];
  readonly lastPage: bigint;
  readonly commit: bigint;
}

/** Throws an `Error` that says why, where there is a file at `path` that the driver must not be given. */
export async function checkLmdbFile(path: string): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  try {
    // An empty file is one that the driver has just made.
    if ((await file.stat()).size === 0) return;
    const first = await readHeader(file, 0n);
    const second = await readHeader(file, first.pageBytes);
    // After the headers: a writer makes the file longer before it says so.
    const bytes = BigInt((await file.stat()).size);
    const { roots, lastPage, pageBytes } = first.commit > second.commit ? first : second;
    for (const root of roots) {
      if (root !== NO_PAGE && (root + 1n) * pageBytes > bytes) throw new Error("the file was cut short");
    }
    if ((lastPage + 1n - LACKING_PAGES_MAX) * pageBytes > bytes) throw new Error("the file was cut short");
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle, offset: bigint): Promise<Header> {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await file.read(bytes, 0, HEADER_BYTES, Number(offset));
  if (bytesRead < HEADER_BYTES || bytes.readUInt32LE(24) !== MAGIC) throw new Error("this is no LMDB file");
  const version = bytes.readUInt32LE(28);
  if (version !== VERSION) throw new Error(`this is LMDB version ${version}, not ${VERSION}`);
  const pageBytes = BigInt(bytes.readUInt32LE(48));
  if (offset === 0n && (pageBytes < 512n || pageBytes > 65_536n)) throw new Error("this is no LMDB file");
  return {
    pageBytes,
    roots: [bytes.readBigUInt64LE(88), bytes.readBigUInt64LE(136)],
    lastPage: bytes.readBigUInt64LE(144),
    commit: bytes.readBigUInt64LE(152),
  };
}
