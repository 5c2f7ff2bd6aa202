/**
 * Stage 5/6: how events become the bytes of a transport. Encoded once, framed once for each transport (FAN-3): one
 * framing serves all sessions of a door, and remembers its last result, for one run goes to many sessions in a row.
 */
import { LINE_END } from "../../protocol/framing.ts";
import { type EventRun, linesFor } from "./event-run.ts";

/** Makes whole frames. */
export interface Framing {
  /** One event, given as JSON text. */
  event(text: string): Uint8Array;
  /** The events of a run that a session hears: all after `hello`, else messages alone. May be empty. */
  run(run: EventRun, extended: boolean): Uint8Array;
}

/** Newline-delimited JSON: an event is a line. */
export class LineFraming implements Framing {
  #text: string | undefined;
  #line = Buffer.alloc(0);

  event(text: string): Uint8Array {
    if (text !== this.#text) {
      this.#line = Buffer.from(text + LINE_END);
      this.#text = text;
    }
    return this.#line;
  }

  run(run: EventRun, extended: boolean): Uint8Array {
    return linesFor(run, extended);
  }
}
