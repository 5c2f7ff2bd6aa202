/**
 * The terminal client: puts frames on the screen. Ink makes each frame as text and believes that this is its output;
 * what goes to the terminal is only what differs from the frame before, each row at its own place. Ink's own way moves
 * the cursor relative to where it was, so one row that came out otherwise than ink thought would spoil all that follow.
 */
import { EventEmitter } from "node:events";
import type { SignBrush } from "./brush.ts";
import type { Size } from "./state.ts";

/** Where the cursor is shown, from 0. */
export interface CursorPlace {
  readonly column: number;
  readonly row: number;
}

// What a terminal that does not know them passes over: from here to there is one picture.
const BEGIN = "\u001b[?2026h";
const END = "\u001b[?2026l";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/** The cursor is put into a column. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how it is put there.
const JUMP = /\u001b\[\d+G/;

/** The screen. Ink takes it for a stream that is no terminal. */
export class Screen extends EventEmitter {
  readonly #write: (text: string) => void;
  readonly #brush: SignBrush;
  #size: Size;
  #shown: readonly string[] | undefined;
  #cursor: CursorPlace | undefined;
  #isOpen = true;

  /** `brush` draws what comes in frames; `write` takes what is for the terminal. */
  constructor(size: Size, brush: SignBrush, write: (text: string) => void) {
    super();
    this.#brush = brush;
    this.#size = size;
    this.#write = write;
  }

  /** As ink asks for it. */
  get columns(): number {
    return this.#size.columns;
  }

  get rows(): number {
    return this.#size.rows;
  }

  /** The terminal has another size: the next frame is drawn whole. */
  resize(size: Size): void {
    this.#size = size;
    this.#shown = undefined;
  }

  /** What is on the screen may be anything: the next frame is drawn whole. */
  forget(): void {
    this.#shown = undefined;
  }

  /** Where the cursor is shown from the next frame on; `undefined` hides it. */
  place(cursor: CursorPlace | undefined): void {
    this.#cursor = cursor;
  }

  /** Nothing is drawn any more: the terminal is somebody else's. */
  close(): void {
    this.#isOpen = false;
  }

  /** Puts a frame on the screen. Ink calls it with the whole of it. */
  write(frame: string): boolean {
    if (!this.#isOpen) return true;
    const lines = this.#brush.compose(frame, this.#size.rows);
    let text = BEGIN + HIDE_CURSOR;
    if (this.#shown === undefined) text += "\u001b[0m\u001b[2J";
    for (let row = 0; row < this.#size.rows; row += 1) {
      const line = lines[row] ?? "";
      if (line === (this.#shown?.[row] ?? "")) continue;
      // Erased before and not after: at the last column the cursor stands on it, and erasing from there would take it
      // away. A full line covers what was there, but where it jumps over columns.
      const isCovering = line !== "" && !JUMP.test(line);
      text += `\u001b[${row + 1};1H${isCovering ? "" : "\u001b[K"}${line}`;
    }
    if (this.#cursor !== undefined) {
      text += `\u001b[${this.#cursor.row + 1};${this.#cursor.column + 1}H${SHOW_CURSOR}`;
    }
    this.#shown = lines;
    this.#write(text + END);
    return true;
  }
}
