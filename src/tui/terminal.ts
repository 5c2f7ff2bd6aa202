/**
 * The terminal client: the terminal itself. Takes it over, and gives it back as it was, however the program ends: with a
 * key, by a signal, or by a mistake of ours. Touches the streams, the signals and nothing else.
 */
import type { ReadStream, WriteStream } from "node:tty";
import { writeWhole } from "../write-whole.ts";
import { type KeyEvent, KeyReader } from "./keys.ts";
import type { Size } from "./state.ts";

// Another screen, whose end brings the old one back; pastes between marks; no wrapping at the right edge.
const ENTER = "\u001b[?1049h\u001b[?2004h\u001b[?7l\u001b[2J\u001b[H";
const LEAVE = "\u001b[0m\u001b[?2026l\u001b[?7h\u001b[?2004l\u001b[?25h\u001b[?1049l";

const STDOUT = 1;

/** How long it takes at most until the rest of a key has come, in milliseconds. Then it was the escape key. */
const KEY_WITHIN_MS = 60;

/** What still runs so long after it asked to be stopped was not, in milliseconds. */
const NOT_STOPPED_MS = 100;

/** The exit code of a program that a signal ended: 128 and its number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Who hears of the terminal. */
export interface TerminalEvents {
  keys(events: readonly KeyEvent[]): void;
  resized(size: Size): void;
  /** A signal asks to end; the terminal has been given back. */
  ended(exitCode: number): void;
  /** The program was in the background and is back. */
  resumed(): void;
}

/** The terminal. */
export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #on: TerminalEvents;
  readonly #keys = new KeyReader();
  #timer: NodeJS.Timeout | undefined;
  #isOurs = false;
  readonly #stops: (() => void)[] = [];

  constructor(input: ReadStream, output: WriteStream, on: TerminalEvents) {
    this.#input = input;
    this.#output = output;
    this.#on = on;
  }

  get size(): Size {
    // A terminal that does not say is as small as they used to be.
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  /** Takes the terminal over. */
  open(): void {
    this.#input.setEncoding("utf8");
    this.#listen(this.#input, "data", (chunk: string) => this.#read(chunk));
    // Who closed the terminal's window sends nothing any more.
    this.#listen(this.#input, "end", () => this.#end(EXIT_CODES.SIGHUP));
    this.#listen(this.#output, "resize", () => this.#on.resized(this.size));
    // Whatever happens, also where somebody calls `process.exit`.
    this.#listen(process, "exit", () => this.leave());
    for (const [name, exitCode] of Object.entries(EXIT_CODES)) this.#listen(process, name, () => this.#end(exitCode));
    this.#listen(process, "SIGCONT", () => this.#resume());
    this.#enter();
    this.#input.resume();
  }

  /** Writes to the terminal. */
  write(text: string): void {
    if (this.#isOurs) this.#output.write(text);
  }

  /** Gives the terminal back; harmless when that was done. */
  leave(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      writeWhole(STDOUT, LEAVE);
      this.#input.setRawMode(false);
    } catch {
      // The terminal is gone; there is nothing to give back.
    }
  }

  /** Gives the terminal back for good, and lets the program end. */
  close(): void {
    this.leave();
    clearTimeout(this.#timer);
    for (const stop of this.#stops.splice(0)) stop();
    this.#input.pause();
    this.#input.unref();
  }

  /** Goes to the background, as ctrl-z does; `resumed` tells of the way back. */
  suspend(): void {
    this.leave();
    process.kill(process.pid, "SIGTSTP");
    // Where nobody could bring it back, such as in a terminal without a shell, the system does not stop it.
    setTimeout(() => this.#resume(), NOT_STOPPED_MS);
  }

  #enter(): void {
    if (this.#isOurs) return;
    this.#isOurs = true;
    this.#input.setRawMode(true);
    this.#output.write(ENTER);
  }

  #resume(): void {
    // Ended meanwhile.
    if (this.#stops.length === 0) return;
    this.#enter();
    this.#on.resumed();
  }

  #end(exitCode: number): void {
    this.leave();
    // The terminal is gone. Node aborts where it is to give back at its end what is not there any more, so it is not left
    // to end by itself.
    if (exitCode === EXIT_CODES.SIGHUP) {
      this.close();
      process.kill(process.pid, "SIGHUP");
      return;
    }
    this.#on.ended(exitCode);
  }

  #read(chunk: string): void {
    clearTimeout(this.#timer);
    const events = this.#keys.push(chunk);
    if (events.length > 0) this.#on.keys(events);
    if (!this.#keys.isWaiting) return;
    this.#timer = setTimeout(() => this.#on.keys(this.#keys.flush()), KEY_WITHIN_MS);
  }

  #listen(emitter: NodeJS.EventEmitter, name: string, listener: (...given: never[]) => void): void {
    const heard = listener as (...given: unknown[]) => void;
    emitter.on(name, heard);
    this.#stops.push(() => emitter.off(name, heard));
  }
}
