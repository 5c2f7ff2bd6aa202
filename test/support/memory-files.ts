/**
 * Test support: the log's file calls over memory, with what a disk has and a kernel only promises kept apart, so that a
 * test can kill the process, cut the power, and cut or flip whatever it likes.
 */
import { basename, dirname } from "node:path";
import type { FileMode, LogFile, LogFiles } from "../../src/server/log/log-files.ts";

/** Bytes that a disk writes or doesn't, as one. */
const SECTOR_BYTES = 512;

interface Content {
  /** What a read gives. */
  now: Buffer;
  /** What had been written at the last sync. */
  durable: Buffer;
}

function failed(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

class MemoryFile implements LogFile {
  readonly #content: Content;

  constructor(content: Content) {
    this.#content = content;
  }

  async write(source: Uint8Array, bytes: number, at: number): Promise<void> {
    const { now } = this.#content;
    const next = Buffer.alloc(Math.max(now.length, at + bytes));
    next.set(now, 0);
    next.set(source.subarray(0, bytes), at);
    this.#content.now = next;
  }

  async read(target: Uint8Array, targetAt: number, bytes: number, at: number): Promise<number> {
    const part = this.#content.now.subarray(at, at + bytes);
    target.set(part, targetAt);
    return part.length;
  }

  async datasync(): Promise<void> {
    this.#content.durable = this.#content.now;
  }

  async truncate(bytes: number): Promise<void> {
    const next = Buffer.alloc(bytes);
    next.set(this.#content.now.subarray(0, bytes), 0);
    this.#content.now = next;
  }

  async size(): Promise<number> {
    return this.#content.now.length;
  }

  async close(): Promise<void> {
    return undefined;
  }
}

/** A file system in memory. */
export class MemoryFiles implements LogFiles {
  readonly #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();

  async open(path: string, mode: FileMode): Promise<LogFile> {
    let content = this.#names.get(path);
    if (content === undefined) {
      if (mode === "read") throw failed("ENOENT", path);
      content = { now: Buffer.alloc(0), durable: Buffer.alloc(0) };
      this.#names.set(path, content);
    } else if (mode === "create") content.now = Buffer.alloc(0);
    return new MemoryFile(content);
  }

  async list(folder: string): Promise<string[]> {
    return [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }

  async remove(path: string): Promise<void> {
    if (!this.#names.delete(path)) throw failed("ENOENT", path);
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.#names.get(from);
    if (content === undefined) throw failed("ENOENT", from);
    this.#names.delete(from);
    this.#names.set(to, content);
  }

  async makeFolder(): Promise<void> {
    return undefined;
  }

  async syncFolder(folder: string): Promise<void> {
    const elsewhere = [...this.#durableNames].filter(([path]) => dirname(path) !== folder);
    const here = [...this.#names].filter(([path]) => dirname(path) === folder);
    this.#durableNames = new Map([...elsewhere, ...here]);
  }

  /** The bytes of a file. */
  get(path: string): Buffer {
    const content = this.#names.get(path);
    if (content === undefined) throw failed("ENOENT", path);
    return content.now;
  }

  /** Puts a file there, durably. */
  set(path: string, bytes: Buffer): void {
    const content = { now: bytes, durable: bytes };
    this.#names.set(path, content);
    this.#durableNames.set(path, content);
  }

  /** The same files once more, all durable: what the next process finds after a kill. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles();
    for (const [path, { now }] of this.#names) copy.set(path, now);
    return copy;
  }

  /**
   * What is found after the power failed: of what was not synced, names and sectors are there or not as `chance`
   * (0 ≤ x < 1) has it.
   */
  afterPowerLoss(chance: () => number): MemoryFiles {
    const after = new MemoryFiles();
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const now = this.#names.get(path);
      const durable = this.#durableNames.get(path);
      const content = now === durable || chance() < 0.5 ? now : durable;
      if (content !== undefined) after.set(path, survivors(content, chance));
    }
    return after;
  }
}

function survivors({ now, durable }: Content, chance: () => number): Buffer {
  if (now === durable) return now;
  const length = chance() < 0.5 ? now.length : durable.length;
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += SECTOR_BYTES) {
    const source = chance() < 0.5 ? now : durable;
    bytes.set(source.subarray(at, Math.min(at + SECTOR_BYTES, length)), at);
  }
  return bytes;
}
