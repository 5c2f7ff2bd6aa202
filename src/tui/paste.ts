/**
 * The terminal client: what was pasted. What fits into one message goes into the line and can be looked at before it is
 * sent; what does not is cut into messages at its line ends, and one is asked. Pure.
 */
import { DEFAULT_LIMITS } from "../protocol/limits.ts";
import type { WaitingPaste } from "./state.ts";

/** The most that a message may have unless the server was set up otherwise, in bytes of UTF-8. */
export const MESSAGE_BYTES_MAX = DEFAULT_LIMITS.messageBytesMax;

/** The most messages that one paste may become: more is for a file, not for a conversation. */
export const PASTE_MESSAGES_MAX = 100;

/** Bytes of UTF-8 in a text. */
export const bytesOf = (text: string): number => Buffer.byteLength(text, "utf8");

/** Whether a paste can be put into the line that has so many bytes already. */
export function fitsLine(text: string, isCut: boolean, lineBytes: number): boolean {
  return !isCut && bytesOf(text) + lineBytes <= MESSAGE_BYTES_MAX;
}

/** A paste that one has to be asked about. */
export function waitingPaste(text: string, isCut: boolean): WaitingPaste {
  const trimmed = text.replace(/\n+$/, "");
  const messages = splitAtLines(trimmed);
  return {
    lines: trimmed.split("\n").length,
    bytes: bytesOf(trimmed),
    messages: messages.length > PASTE_MESSAGES_MAX || isCut ? [] : messages,
    isCut,
  };
}

/** Cuts a text into parts that are no longer than a message may be, at its line ends; a longer line inside. */
export function splitAtLines(text: string): string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let bytes = 0;
  const finish = (): void => {
    // A message of blank lines says nothing.
    if (part.some((line) => line.trim() !== "")) parts.push(part.join("\n"));
    [part, bytes] = [[], 0];
  };
  for (const line of text.split("\n")) {
    for (const piece of cutLine(line)) {
      const size = bytesOf(piece) + 1;
      if (bytes + size > MESSAGE_BYTES_MAX + 1) finish();
      part.push(piece);
      bytes += size;
    }
  }
  finish();
  return parts;
}

/** One line as pieces of at most a message's length, cut between characters. */
function cutLine(line: string): string[] {
  if (line.length * 3 <= MESSAGE_BYTES_MAX || bytesOf(line) <= MESSAGE_BYTES_MAX) return [line];
  const pieces: string[] = [];
  let piece = "";
  let bytes = 0;
  for (const character of line) {
    const size = bytesOf(character);
    if (bytes + size > MESSAGE_BYTES_MAX) {
      pieces.push(piece);
      [piece, bytes] = ["", 0];
    }
    piece += character;
    bytes += size;
  }
  return [...pieces, piece];
}
