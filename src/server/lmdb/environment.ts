/**
 * One LMDB environment, as store and directory each have one: reads on committed data, changes one after another, and
 * what becomes of it when a commit fails. Touches its folder and nothing else; the driver is loaded when it is opened.
 */
import { access, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RootDatabase } from "lmdb";
import { syncFolder } from "../data-folder/durable-file.ts";
import { StartError } from "../start-error.ts";
import { commitAlone, commitFailure, commitShared, readGeneration } from "./commit.ts";
import { checkLmdbFile } from "./header.ts";
import type { LmdbKeyView, LmdbView } from "./view.ts";
import { LmdbChanges, viewAfter, viewOf } from "./view.ts";

/** Processes and threads that may read at once. */
const READERS_MAX = 126;

/** How often a commit is tried that another process comes before; with two that never rest, one in a few goes through. */
const TRIES_MAX = 200;

/** How an environment is opened. */
export interface LmdbOptions {
  /** The folder of the environment; made when absent, but for `readOnly`. */
  readonly dir: string;
  /** Reads only, beside the process that writes. */
  readonly readOnly: boolean;
  /** Whether other processes may write at the same time; each commit then costs two small puts more. */
  readonly isShared: boolean;
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
  /** The generation when it was last written here, or first looked at; and what others have written until then. */
  #generation: number | undefined = undefined;
  #writesElsewhere = 0;
  #isCommitting = false;

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

  /** How often other processes have written since this one first asked or wrote, where the environment is shared. */
  writesElsewhere(): Promise<number> {
    return this.read((view) => {
      // What is being written now is not counted yet and would look like somebody else's; it will count those before it.
      if (this.#isCommitting) return this.#writesElsewhere;
      const generation = readGeneration(view);
      this.#generation ??= generation;
      return this.#writesElsewhere + Math.max(0, generation - this.#generation);
    });
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
    let left = group;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      // Where what was looked at is out of date, this looks again, at what the other process left.
      const db = this.#use();
      const all = new LmdbChanges();
      const committed = viewOf(db);
      const view = left.length === 1 ? committed : viewAfter(all, committed);
      const done: (() => void)[] = [];
      left = left.filter(({ prepare, reject }) => {
        const own = new LmdbChanges();
        try {
          done.push(prepare(view, own));
        } catch (error) {
          reject(error);
          return false;
        }
        for (const { key, value } of own.list) all.set(key, value);
        return true;
      });
      if (all.list.length === 0 || (await this.#commit(db, all))) {
        for (const resolve of done) resolve();
        return;
      }
    }
    throw new Error(`${this.#options.dir} is written by another process without a pause`);
  }

  /** `false`, and nothing written, where another process has written since `changes` were made. */
  async #commit(db: RootDatabase<Buffer, Buffer>, changes: LmdbChanges): Promise<boolean> {
    const { isShared } = this.#options;
    const generation = isShared ? readGeneration(viewOf(db)) : 0;
    this.#isCommitting = true;
    try {
      if (!isShared) await commitAlone(db, changes);
      else if (!(await commitShared(db, changes, generation))) return false;
      this.#count(generation);
      this.#fault = undefined;
      return true;
    } catch (error) {
      const failure = await commitFailure(this.#options.dir, error);
      this.#fault = failure.message;
      throw failure;
    } finally {
      this.#isCommitting = false;
    }
  }

  /** This process has written on top of a generation. */
  #count(generation: number): void {
    this.#writesElsewhere += Math.max(0, generation - (this.#generation ?? generation));
    this.#generation = generation + 1;
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
    // The driver keeps what it looked at until a timer fires, which may come after the word of a process that it has written.
    if (this.#options.isShared || this.#options.readOnly) this.#db.resetReadTxn();
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

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const nothing = (): void => undefined;
