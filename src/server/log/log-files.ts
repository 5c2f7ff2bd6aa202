/**
 * Stage 3: the file calls of the log and nothing else of the machine, so that a test can let each of them fail, hang or
 * be counted. May touch: files in the log's folder.
 */
import { close, fdatasync, constants as fsConstants, fstat, fsync, ftruncate, open, read, writeSync } from "node:fs";
import { mkdir, readdir, rename, unlink } from "node:fs/promises";

/** `create`: made, or emptied where it exists. `write`: made where missing. `read`: must exist. All can be read. */
export type FileMode = "create" | "write" | "read";

/** One open file. Every call rejects with the machine's own error. */
export interface LogFile {
  /** Writes `bytes` of `source` from its start to the file's offset `at`, all or an error; a part may then stand there. */
  write(source: Uint8Array, bytes: number, at: number): Promise<void>;
  /** Reads up to `bytes` from `at` into `target` and resolves with how many; fewer only where the file ends. */
  read(target: Uint8Array, targetAt: number, bytes: number, at: number): Promise<number>;
  /** Resolves when what was written is on the disk. After a failure nobody knows, and a repeat may lie. */
  datasync(): Promise<void>;
  /** Cuts the file to so many bytes. */
  truncate(bytes: number): Promise<void>;
  /** Its length in bytes. */
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The file system as the log sees it. */
export interface LogFiles {
  open(path: string, mode: FileMode): Promise<LogFile>;
  /** The names in a folder. */
  list(folder: string): Promise<string[]>;
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes a folder and those above it; harmless where it exists. */
  makeFolder(folder: string): Promise<void>;
  /** Makes files that were made, renamed or removed in a folder stay so. */
  syncFolder(folder: string): Promise<void>;
}

const FLAGS: Record<FileMode, number> = {
  create: fsConstants.O_RDWR | fsConstants.O_CREAT | fsConstants.O_TRUNC,
  write: fsConstants.O_RDWR | fsConstants.O_CREAT,
  read: fsConstants.O_RDONLY,
};

type Done = (error: Error | null) => void;

// Callbacks, not FileHandle: a commit makes two calls, and at thousands a second the handle's own work shows.
function call(start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)));
  });
}

function some(start: (done: (error: Error | null, bytes: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    start((error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
}

class NodeFile implements LogFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  // Not handed to another thread: it only copies into the machine's page cache, and at thousands of commits a second
  // the way to a thread and back costs ten times the copy. A disk that hangs is met by `datasync`, off the event loop,
  // for the log writes only after the last one succeeded.
  async write(source: Uint8Array, bytes: number, at: number): Promise<void> {
    let done = 0;
    while (done < bytes) {
      const written = writeSync(this.#fd, source, done, bytes - done, at + done);
      if (written === 0) throw new Error("the disk took nothing");
      done += written;
    }
  }

  async read(target: Uint8Array, targetAt: number, bytes: number, at: number): Promise<number> {
    let done = 0;
    while (done < bytes) {
      const from = done;
      const got = await some((took) => read(this.#fd, target, targetAt + from, bytes - from, at + from, took));
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  datasync(): Promise<void> {
    return call((done) => fdatasync(this.#fd, done));
  }

  truncate(bytes: number): Promise<void> {
    return call((done) => ftruncate(this.#fd, bytes, done));
  }

  size(): Promise<number> {
    return some((done) => fstat(this.#fd, (error, stats) => done(error, error === null ? stats.size : 0)));
  }

  close(): Promise<void> {
    return call((done) => close(this.#fd, done));
  }
}

/** The machine's own files. */
export const nodeFiles: LogFiles = {
  async open(path, mode) {
    return new NodeFile(await some((done) => open(path, FLAGS[mode], 0o600, done)));
  },
  list: (folder) => readdir(folder),
  remove: (path) => unlink(path),
  rename: (from, to) => rename(from, to),
  async makeFolder(folder) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  },
  async syncFolder(folder) {
    const fd = await some((done) => open(folder, fsConstants.O_RDONLY, done));
    try {
      await call((done) => fsync(fd, done));
    } finally {
      await call((done) => close(fd, done));
    }
  },
};
