/**
 * Test support: the log's file calls with a record of their order, any of which can be made to fail, to fail halfway,
 * or to hang until it is let go.
 */
import { basename } from "node:path";
import type { FileMode, LogFile, LogFiles } from "../../src/server/log/log-files.ts";

/** The calls that there are. */
export type FileOperation =
  | "open"
  | "write"
  | "read"
  | "datasync"
  | "truncate"
  | "size"
  | "close"
  | "list"
  | "remove"
  | "rename"
  | "makeFolder"
  | "syncFolder";

/** One call that was made. `ended` tells how it went; `undefined` while it is under way. */
export interface FileCall {
  readonly operation: FileOperation;
  /** The file's name without its folder. */
  readonly name: string;
  ended: "done" | "failed" | undefined;
}

/** What happens to a call. `part`: a write leaves half of its bytes behind and fails. */
export type FaultKind = "fail" | "part" | "hang" | "hang_then_fail";

/** Which calls are meant. */
export interface Fault {
  readonly operation: FileOperation | "any";
  /** Only files whose name matches. */
  readonly name: RegExp;
  /** So many such calls pass first. */
  readonly skip: number;
  /** So many are hit then. */
  readonly times: number;
  readonly kind: FaultKind;
  /** The error's code, as the machine would give it. */
  readonly code: "EIO" | "ENOSPC";
}

/** A fault that was set. */
export interface SetFault {
  /** Resolves when the first call is hit. */
  readonly hit: Promise<void>;
  /** Lets go what hangs; what would hang later doesn't. */
  release(): void;
}

interface ActiveFault extends Fault {
  seen: number;
  readonly onHit: () => void;
  readonly released: Promise<void>;
}

/** File calls that fail when they are told to. */
export class FaultingFiles implements LogFiles {
  readonly calls: FileCall[] = [];
  readonly #files: LogFiles;
  #faults: ActiveFault[] = [];

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /** Sets a fault; what is left out means the very next call on any file fails with EIO. */
  set(fault: Partial<Fault>): SetFault {
    let onHit: () => void = () => undefined;
    const hit = new Promise<void>((resolve) => {
      onHit = resolve;
    });
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const defaults = { operation: "any", name: /(?:)/, skip: 0, times: 1, kind: "fail", code: "EIO" } as const;
    this.#faults.push({ ...defaults, ...fault, seen: 0, onHit, released });
    return { hit, release };
  }

  /** Takes all faults away. */
  clear(): void {
    this.#faults = [];
  }

  async open(path: string, mode: FileMode): Promise<LogFile> {
    const file = await this.#call("open", path, () => this.#files.open(path, mode));
    return {
      write: (source, bytes, at) =>
        this.#call(
          "write",
          path,
          () => file.write(source, bytes, at),
          () => file.write(source, bytes >> 1, at),
        ),
      read: (target, targetAt, bytes, at) => this.#call("read", path, () => file.read(target, targetAt, bytes, at)),
      datasync: () => this.#call("datasync", path, () => file.datasync()),
      truncate: (bytes) => this.#call("truncate", path, () => file.truncate(bytes)),
      size: () => this.#call("size", path, () => file.size()),
      close: () => this.#call("close", path, () => file.close()),
    };
  }

  list(folder: string): Promise<string[]> {
    return this.#call("list", folder, () => this.#files.list(folder));
  }

  remove(path: string): Promise<void> {
    return this.#call("remove", path, () => this.#files.remove(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call("rename", from, () => this.#files.rename(from, to));
  }

  makeFolder(folder: string): Promise<void> {
    return this.#call("makeFolder", folder, () => this.#files.makeFolder(folder));
  }

  syncFolder(folder: string): Promise<void> {
    return this.#call("syncFolder", folder, () => this.#files.syncFolder(folder));
  }

  async #call<Result>(
    operation: FileOperation,
    path: string,
    act: () => Promise<Result>,
    actInPart: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Result> {
    const call: FileCall = { operation, name: basename(path), ended: undefined };
    this.calls.push(call);
    try {
      await this.#strike(call, actInPart);
      const result = await act();
      call.ended = "done";
      return result;
    } catch (error) {
      call.ended = "failed";
      throw error;
    }
  }

  /** Throws where a fault hits the call. */
  async #strike({ operation, name }: FileCall, actInPart: () => Promise<void>): Promise<void> {
    for (const fault of this.#faults) {
      if ((fault.operation !== "any" && fault.operation !== operation) || !fault.name.test(name)) continue;
      fault.seen += 1;
      if (fault.seen <= fault.skip || fault.seen > fault.skip + fault.times) continue;
      fault.onHit();
      if (fault.kind === "hang" || fault.kind === "hang_then_fail") await fault.released;
      if (fault.kind === "hang") continue;
      if (fault.kind === "part") await actInPart();
      throw Object.assign(new Error(`${fault.code}: ${operation} of ${name}`), { code: fault.code });
    }
  }
}
