/**
 * The terminal client: bytes of a terminal turned into keys and pastes. Touches nothing; `terminal.ts` feeds it.
 *
 * What is pasted comes between two marks that the terminal sets ("bracketed paste"), and is never taken for keys: or a
 * text out of a web page could press Enter.
 */

/** A key, or something that was pasted. */
export type KeyEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "key"; readonly name: KeyName }
  | { readonly type: "paste"; readonly text: string; readonly isCut: boolean };

/** A key that writes nothing: `ctrl-a`, `alt-b`, `pageup`, `f1`. */
export type KeyName = string;

/** The most that one paste may have, in UTF-16 units; the rest of it is passed over. */
export const PASTE_UNITS_MAX = 2 * 1024 * 1024;

const PASTE_BEGIN = "\u001b[200~";
const PASTE_END = "\u001b[201~";

/** No sequence of a key is longer; what is, is passed over as a whole. */
const SEQUENCE_UNITS_MAX = 32;

/** What `ESC [ … letter` and `ESC O letter` mean. */
const LETTERS: Readonly<Record<string, KeyName>> = {
  ...{ A: "up", B: "down", C: "right", D: "left", H: "home", F: "end", Z: "shift-tab" },
  ...{ P: "f1", Q: "f2", R: "f3", S: "f4", M: "enter" },
};

/** What `ESC [ number ~` means. */
const NUMBERS: Readonly<Record<string, KeyName>> = {
  ...{ 1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pageup", 6: "pagedown", 7: "home", 8: "end" },
  ...{ 11: "f1", 12: "f2", 13: "f3", 14: "f4" },
};

/** Control characters that have a name of their own. */
const CONTROLS: Readonly<Record<string, KeyName>> = {
  ...{ "\r": "enter", "\n": "ctrl-j", "\t": "tab", "\u0008": "ctrl-h", "\u007f": "backspace", "\u001b": "escape" },
};

/** One terminal's keys: gives those that are whole, and keeps the beginning of one that is not. */
export class KeyReader {
  #waiting = "";
  /** What was pasted so far, while a paste goes on. */
  #paste: string[] | undefined;
  #pasteUnits = 0;

  /** Whether something has begun that may be a key by itself, the escape key: ask `flush` after a moment. */
  get isWaiting(): boolean {
    return this.#waiting !== "" && this.#paste === undefined;
  }

  /** Takes what the terminal sent. */
  push(chunk: string): KeyEvent[] {
    const events: KeyEvent[] = [];
    let rest = this.#waiting + chunk;
    this.#waiting = "";
    while (rest !== "") {
      if (this.#paste !== undefined) {
        rest = this.#readPaste(this.#paste, rest, events);
        continue;
      }
      const read = readOne(rest);
      if (read === undefined) {
        this.#waiting = rest;
        break;
      }
      if (read.event === PASTE_BEGIN) [this.#paste, this.#pasteUnits] = [[], 0];
      else if (read.event !== undefined) events.push(read.event);
      rest = rest.slice(read.length);
    }
    return events;
  }

  /** Nothing followed for a moment: what waits is a key by itself. */
  flush(): KeyEvent[] {
    const waiting = this.#waiting;
    this.#waiting = "";
    // Escape pressed twice, or held down, is no other key.
    const times = waiting === "\u001b\u001b" ? 2 : waiting === "" ? 0 : 1;
    return Array<KeyEvent>(times).fill({ type: "key", name: "escape" });
  }

  /** Reads on in a paste; returns what follows it. */
  #readPaste(paste: string[], rest: string, events: KeyEvent[]): string {
    const end = rest.indexOf(PASTE_END);
    if (end === -1) {
      // Its end may be cut in two.
      const kept = beginningOf(PASTE_END, rest);
      this.#keep(paste, rest.slice(0, rest.length - kept));
      this.#waiting = rest.slice(rest.length - kept);
      return "";
    }
    this.#keep(paste, rest.slice(0, end));
    const isCut = this.#pasteUnits > PASTE_UNITS_MAX;
    // Terminals send the line breaks of a paste as the key Enter would.
    const text = paste.join("").replace(/\r\n?/g, "\n");
    this.#paste = undefined;
    events.push({ type: "paste", text, isCut });
    return rest.slice(end + PASTE_END.length);
  }

  #keep(paste: string[], text: string): void {
    const room = PASTE_UNITS_MAX - this.#pasteUnits;
    this.#pasteUnits += text.length;
    if (room > 0) paste.push(text.slice(0, room));
  }
}

/** How much of the end of `text` may be the beginning of `mark`. */
function beginningOf(mark: string, text: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(mark.slice(0, length))) return length;
  }
  return 0;
}

interface Read {
  readonly event: KeyEvent | typeof PASTE_BEGIN | undefined;
  readonly length: number;
}

const named = (name: KeyName, length: number): Read => ({ event: { type: "key", name }, length });

/** Reads one key from the beginning; `undefined` where it is not whole yet. */
function readOne(text: string): Read | undefined {
  const first = text.charAt(0);
  if (first === "\u001b") return readEscape(text);
  const control = CONTROLS[first];
  if (control !== undefined) return named(control, 1);
  const code = first.charCodeAt(0);
  if (code === 0) return named("ctrl-space", 1);
  if (code <= 0x1a) return named(`ctrl-${String.fromCharCode(code + 0x60)}`, 1);
  if (code < 0x20) return { event: undefined, length: 1 };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: text ends where a key begins.
  const end = text.search(/[\u0000-\u001f\u007f]/);
  const length = end === -1 ? text.length : end;
  return { event: { type: "text", text: text.slice(0, length) }, length };
}

function readEscape(text: string): Read | undefined {
  if (text.length === 1) return undefined;
  const kind = text.charAt(1);
  if (kind === "[") return readSequence(text);
  if (kind === "O") {
    if (text.length < 3) return undefined;
    const name = LETTERS[text.charAt(2)];
    return name === undefined ? { event: undefined, length: 3 } : named(name, 3);
  }
  // Escape first, as some terminals say Alt.
  const rest = readOne(text.slice(1));
  if (rest === undefined) return undefined;
  const { event } = rest;
  if (typeof event !== "object") return { event: undefined, length: rest.length + 1 };
  if (event.type === "text") {
    const [character = ""] = event.text;
    return named(`alt-${character.toLowerCase()}`, 1 + character.length);
  }
  return event.type === "key" ? named(`alt-${event.name}`, rest.length + 1) : rest;
}

/** `ESC [ parameters letter`. */
function readSequence(text: string): Read | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how they begin.
  const match = /^\u001b\[([0-9;:<=>?]*)([ -/]*)([@-~])/.exec(text);
  if (match === null) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how they begin.
    const isBegun = /^\u001b\[[0-9;:<=>?]*[ -/]*$/.test(text) && text.length < SEQUENCE_UNITS_MAX;
    return isBegun ? undefined : { event: undefined, length: 2 };
  }
  const [whole, parameters = "", , letter = ""] = match;
  if (whole === PASTE_BEGIN) return { event: PASTE_BEGIN, length: whole.length };
  const [number = "", modifier = "1"] = parameters.split(";");
  // What nobody asked for, such as a mouse or an answer of the terminal, is passed over.
  const isKey = !/^[<=>?]/.test(parameters);
  const name = !isKey ? undefined : letter === "~" ? NUMBERS[number] : LETTERS[letter];
  if (name === undefined) return { event: undefined, length: whole.length };
  return named(modifiers(Number(modifier) - 1) + name, whole.length);
}

/** `ctrl-`, `alt-`, `shift-`, in this order, by the bits that xterm sends. */
function modifiers(bits: number): string {
  return `${(bits & 4) === 0 ? "" : "ctrl-"}${(bits & 2) === 0 ? "" : "alt-"}${(bits & 1) === 0 ? "" : "shift-"}`;
}
