/**
 * One LMDB environment, as store and directory each have one: reads on committed data, changes one after another, and
 * what becomes of it when a commit fails. Touches its folder and nothing else; the driver is loaded when it is opened.
 */
import { access, mkdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RootDatabase } from "lmdb";
import { syncFolder } from "./durable-file.ts";
import { checkLmdbFile } from "./lmdb-header.ts";
import type { LmdbKeyView, LmdbView } from "./lmdb-view.ts";
import { LmdbChanges, viewAfter, viewOf } from "./lmdb-view.ts";
import { StartError } from "./start-error.ts";

/** Processes and threads that may read at once. */
const READERS_MAX = 126;

/** How an environment is opened. */
export interface LmdbOptions {
  /** The folder of the environment; made when absent, but for `readOnly`. */
  readonly dir: string;
  /** Reads only, beside the process that writes. */
  readonly readOnly: boolean;
  /** What to do where it can't be opened: the end of that line. */
  readonly advice: string;
}

/** A change that waits for its turn. */
interface Waiting {
  /** Whether it sees more than single keys, and so has a commit of its own. */
  readonly alone: boolean;
  /** Adds to `changes` and returns what to call when they are durable; may throw, and then changes nothing. */
  readonly prepare: (view: LmdbView, changes: LmdbChanges) => () => void;
  readonly reject: (error: unknown) => void;
}

/** One LMDB environment; made by `openLmdb`. */
export class LmdbEnvironment {
  readonly #options: LmdbOptions;
  #db: RootDatabase<Buffer, Buffer> | undefined;
  readonly #waiting: Waiting[] = [];
  #working: Promise<void> | undefined = undefined;
  #opening: Promise<void> | undefined = undefined;
  #fault: string | undefined = undefined;
  #closed = false;

  constructor(options: LmdbOptions, db: RootDatabase<Buffer, Buffer>) {
    this.#options = options;
    this.#db = db;
  }

  /** Why the last change failed, until one succeeds. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Runs `use` on what is committed. It can't wait, so no read keeps pages of the past alive. */
  async read<T>(use: (view: LmdbView) => T): Promise<T> {
    if (this.#opening !== undefined) await this.#opening;
    return use(viewOf(this.#use()));
  }

  /**
   * Lets `prepare` look at what is committed and say what changes, commits that as a whole and resolves with what
   * `prepare` returned once it is durable. Changes run one after another. Where the commit fails nothing has changed;
   * reads go on, and the next change opens the environment anew, for LMDB must not be written to after a failed commit.
   */
  change<T>(prepare: (view: LmdbView, changes: LmdbChanges) => T): Promise<T> {
    return this.#enqueue(true, prepare);
  }

  /** The same for what needs single keys only: those that wait while a commit is under way share the next one. */
  changeKeys<T>(prepare: (view: LmdbKeyView, changes: LmdbChanges) => T): Promise<T> {
    return this.#enqueue(false, prepare);
  }

  /** Finishes the changes that were asked for and closes the environment. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#working;
    const db = this.#db;
    this.#db = undefined;
    await db?.close();
  }

  #enqueue<T>(alone: boolean, prepare: (view: LmdbView, changes: LmdbChanges) => T): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("closed"));
    if (this.#options.readOnly) return Promise.reject(new Error("opened for reading only"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        alone,
        prepare: (view, changes) => {
          const result = prepare(view, changes);
          return () => resolve(result);
        },
        reject,
      });
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const others = this.#waiting.findIndex(({ alone }) => alone);
      const group = this.#waiting.splice(0, others === -1 ? this.#waiting.length : Math.max(1, others));
      try {
        await this.#changeAll(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#working = undefined;
  }

  async #changeAll(group: readonly Waiting[]): Promise<void> {
    if (this.#fault !== undefined) await this.#openAnew();
    const db = this.#use();
    const all = new LmdbChanges();
    const view = group.length === 1 ? viewOf(db) : viewAfter(all, viewOf(db));
    const done: (() => void)[] = [];
    for (const { prepare, reject } of group) {
      const own = new LmdbChanges();
      try {
        done.push(prepare(view, own));
        for (const { key, value } of own.list) all.set(key, value);
      } catch (error) {
        reject(error);
      }
    }
    if (all.list.length > 0) await this.#commit(db, all);
    for (const resolve of done) resolve();
  }

  async #commit(db: RootDatabase<Buffer, Buffer>, changes: LmdbChanges): Promise<void> {
    try {
      // Nothing in here can throw: the part of a batch that came before would be committed.
      await db.batch(() => {
        for (const { key, value } of changes.list) {
          if (value === undefined) quietly(db.remove(key));
          else quietly(db.put(key, value));
        }
      });
      this.#fault = undefined;
    } catch (error) {
      const failure = await commitFailure(this.#options.dir, error);
      this.#fault = failure.message;
      throw failure;
    }
  }

  /** Closes the environment that failed and opens it again; reads wait for it. */
  async #openAnew(): Promise<void> {
    const reopen = async (): Promise<void> => {
      const db = this.#db;
      this.#db = undefined;
      // Whatever it says, it is gone: the environment failed once already.
      await db?.close().catch(nothing);
      this.#db = await openDatabase(this.#options);
    };
    try {
      this.#opening = reopen();
      await this.#opening;
    } finally {
      this.#opening = undefined;
    }
  }

  #use(): RootDatabase<Buffer, Buffer> {
    if (this.#db === undefined) throw new Error(this.#closed ? "closed" : `not open: ${this.#fault}`);
    return this.#db;
  }
}

/** Opens an environment. Throws a `StartError` where that can't be done. */
export async function openLmdb(options: LmdbOptions): Promise<LmdbEnvironment> {
  const { dir, readOnly, advice } = options;
  try {
    // The driver would make the folder, even of an environment that is only read.
    if (readOnly) await access(join(dir, "data.mdb"));
    else await mkdir(dir, { recursive: true });
    await checkLmdbFile(join(dir, "data.mdb"));
    const db = await openDatabase(options);
    if (!readOnly) {
      // The files are new, or were made by a start that crashed: without this a power cut takes them back.
      await syncFolder(dir);
      await syncFolder(dirname(dir));
    }
    return new LmdbEnvironment(options, db);
  } catch (error) {
    const said = messageOf(error).replaceAll("\n", " ");
    throw new StartError(`${dir} can't be opened (${said}): ${advice}`, { cause: error });
  }
}

async function openDatabase({ dir, readOnly }: LmdbOptions): Promise<RootDatabase<Buffer, Buffer>> {
  const { open } = await import("lmdb");
  return open<Buffer, Buffer>({
    path: dir,
    readOnly,
    noSubdir: false,
    // What can be seen is durable, and a promise means both.
    overlappingSync: false,
    // Otherwise the driver wraps each batch in one of its own, whose promise nobody can hear: a failed commit would
    // then end the process.
    eventTurnBatching: false,
    encoding: "binary",
    keyEncoding: "binary",
    compression: false,
    cache: false,
    maxReaders: READERS_MAX,
  });
}

/**
 * Why a commit failed, as far as can be said. The driver's own reason comes a turn later or never, so it is not waited
 * for; and it says "input/output error" for a disk that is full, so what is free is said with it.
 */
async function commitFailure(dir: string, error: unknown): Promise<Error> {
  let cause = error;
  if (error instanceof Error && "commitError" in error) {
    // Unheard, this rejection would end the process.
    Promise.resolve(error.commitError).catch((reason: unknown) => {
      cause = reason;
    });
  }
  const free = await statfs(dir).then(
    ({ bavail, bsize }) => `${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`,
    (reason: unknown) => `free space unknown: ${messageOf(reason)}`,
  );
  return new Error(`LMDB could not commit to ${dir}: ${messageOf(cause)}, ${free}`, { cause });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Hears a promise of the driver that says nothing which the batch does not say. */
function quietly(promise: Promise<boolean>): void {
  promise.catch(nothing);
}

const nothing = (): void => undefined;
