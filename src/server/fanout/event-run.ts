/**
 * Stage 5: the events of consecutive records of one room, encoded once as lines, shared by all who hear them.
 */
import { LINE_END } from "../../protocol/framing.ts";
import { isMessageEvent } from "./event-encoder.ts";

/** Lines of consecutive seqs of one room. */
export interface EventRun {
  /** Seq of the first and of the last record. */
  readonly first: number;
  readonly last: number;
  /** One line a record, each with its line end. */
  readonly lines: Buffer;
  /** Whether all of them are messages, so that everybody hears every line. */
  readonly messagesOnly: boolean;
}

const NEWLINE = 0x0a;

/** The part of a run from seq `from` on: `run` itself where that is all of it. */
export function runFrom(run: EventRun, from: number): EventRun {
  if (from <= run.first) return run;
  return { ...run, first: from, lines: run.lines.subarray(lineStart(run.lines, from - run.first)) };
}

/** The part of a run up to seq `to`. */
export function runUpTo(run: EventRun, to: number): EventRun {
  if (to >= run.last) return run;
  return { ...run, last: to, lines: run.lines.subarray(0, lineStart(run.lines, to - run.first + 1)) };
}

/** The newest lines of a run that fit into `bytesMax`, one at least. */
export function newestLines(run: EventRun, bytesMax: number): EventRun {
  if (run.lines.length <= bytesMax) return run;
  let first = run.last;
  let start = run.lines.lastIndexOf(NEWLINE, run.lines.length - 2) + 1;
  while (start > 0) {
    const earlier = start < 2 ? 0 : run.lines.lastIndexOf(NEWLINE, start - 2) + 1;
    if (run.lines.length - earlier > bytesMax) break;
    start = earlier;
    first -= 1;
  }
  return { ...run, first, lines: run.lines.subarray(start) };
}

/** The oldest lines of a run that fit into `bytesMax`, one at least. */
export function oldestLines(run: EventRun, bytesMax: number): EventRun {
  if (run.lines.length <= bytesMax) return run;
  let last = run.first;
  let end = run.lines.indexOf(NEWLINE) + 1;
  while (end < run.lines.length) {
    const later = run.lines.indexOf(NEWLINE, end) + 1;
    if (later > bytesMax) break;
    end = later;
    last += 1;
  }
  return { ...run, last, lines: run.lines.subarray(0, end) };
}

/** Two runs, the second going on where the first ends, as one. */
export function joinRuns(first: EventRun, second: EventRun): EventRun {
  return {
    first: first.first,
    last: second.last,
    lines: Buffer.concat([first.lines, second.lines]),
    messagesOnly: first.messagesOnly && second.messagesOnly,
  };
}

/** Where line `index` begins, 0 being the first; the length where there are fewer. */
export function lineStart(lines: Buffer, index: number): number {
  let at = 0;
  for (let i = 0; i < index; i++) at = lines.indexOf(NEWLINE, at) + 1;
  return at;
}

/** What a session hears of a run: all of it after `hello`, the messages alone without. */
export function linesFor(run: EventRun, extended: boolean): Buffer {
  if (extended || run.messagesOnly) return run.lines;
  const messages = eventsOf(run.lines).filter(isMessageEvent);
  return Buffer.from(messages.map((text) => text + LINE_END).join(""));
}

/** The events of some lines, as JSON texts. */
export function eventsOf(lines: Buffer): string[] {
  const texts = lines.toString().split(LINE_END);
  texts.pop();
  return texts;
}
