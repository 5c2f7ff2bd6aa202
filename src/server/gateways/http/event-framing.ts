/**
 * Stage 6 over HTTP: events as server-sent events (the HTML standard's `text/event-stream`). A record's event carries its
 * seq as `id`, so that a browser that comes back names it by itself; what has no seq carries none, which leaves the last
 * one as it is.
 */
import { LINE_END } from "../../../protocol/framing.ts";
import type { EventRun } from "../../fanout/event-run.ts";
import { linesFor } from "../../fanout/event-run.ts";
import type { Framing } from "../../fanout/framing.ts";

/** Frames for all who listen this way. */
export class EventFraming implements Framing {
  #run: EventRun | undefined;
  #frames: Uint8Array = Buffer.alloc(0);

  event(text: string): Uint8Array {
    return Buffer.from(`data: ${oneLine(text)}\n\n`);
  }

  run(run: EventRun, extended: boolean): Uint8Array {
    // Only the whole run can be numbered by counting; a session of this door hears all of it.
    if (!extended)
      return Buffer.from(
        linesFor(run, false)
          .toString()
          .replace(/^(.+)\r\n/gm, "data: $1\n\n"),
      );
    if (run !== this.#run) {
      this.#frames = numbered(run);
      this.#run = run;
    }
    return this.#frames;
  }
}

function numbered(run: EventRun): Buffer {
  // Byte for byte: the text of the events is passed on without being understood.
  const lines = run.lines.toString("latin1").split(LINE_END);
  let frames = "";
  for (let index = 0; index < lines.length - 1; index++) {
    frames += `id: ${run.first + index}\ndata: ${oneLine(lines[index] ?? "")}\n\n`;
  }
  return Buffer.from(frames, "latin1");
}

/** JSON may have line ends between its tokens, where a newer or foreign writer put them; here they would end the event. */
const oneLine = (json: string): string => (/[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, " ") : json);
