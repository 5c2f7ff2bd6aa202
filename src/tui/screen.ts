/**
 * The terminal client: puts frames on the screen. Ink makes each frame as text and believes that this is its output;
 * what goes to the terminal is only what differs from the frame before, each row at its own place.
 *
 * Ink's own way moves the cursor relative to where it was, so one character that the terminal takes for wider than ink
 * does pushes everything after it out of its place until the end. Here every row, and what follows such a character in
 * a row, is put where it belongs, whatever the terminal made of what stands before it.
 */
import { EventEmitter } from "node:events";
import type { Size } from "./state.ts";
import { clusters, isPlain } from "./text/width.ts";

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

// biome-ignore lint/suspicious/noControlCharactersInRegex: the styles that ink writes.
const STYLES = /(\u001b\[[0-9;]*m)/;

/** The screen. Ink takes it for a stream that is no terminal. */
export class Screen extends EventEmitter {
  readonly #write: (text: string) => void;
  #size: Size;
  #shown: readonly string[] | undefined;
  #cursor: CursorPlace | undefined;
  #isOpen = true;

  /** `write` takes what is for the terminal. */
  constructor(size: Size, write: (text: string) => void) {
    super();
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
    const lines = frame.split("\n").slice(0, this.#size.rows);
    let text = BEGIN + HIDE_CURSOR;
    if (this.#shown === undefined) text += "\u001b[0m\u001b[2J";
    for (let row = 0; row < this.#size.rows; row += 1) {
      const line = lines[row] ?? "";
      if (line === (this.#shown?.[row] ?? "")) continue;
      text += `\u001b[${row + 1};1H${inPlace(line, this.#size.columns)}`;
    }
    if (this.#cursor !== undefined) {
      text += `\u001b[${this.#cursor.row + 1};${this.#cursor.column + 1}H${SHOW_CURSOR}`;
    }
    this.#shown = lines;
    this.#write(text + END);
    return true;
  }
}

/** A row so that each character comes to its own column, and nothing older is left behind it. */
function inPlace(line: string, columns: number): string {
  let text = "";
  let column = 0;
  for (const piece of line.split(STYLES)) {
    if (piece.startsWith("\u001b")) {
      text += piece;
    } else if (isPlain(piece)) {
      text += piece;
      column += piece.length;
    } else {
      for (const cluster of clusters(piece)) {
        text += cluster.text;
        column += cluster.width;
        // A terminal may count another width.
        if (cluster.width !== 1 || cluster.text.length > 1) text += `\u001b[${column + 1}G`;
      }
    }
  }
  // At the last column the cursor still stands on it, and erasing would take it away.
  return column < columns ? `${text}\u001b[K` : text;
}
