/**
 * Stage 5: who came to a room and who left it in the last moments, as notices that are told together: when many come and
 * go at once, each session gets one piece of bytes now and then instead of one for each of the others (FAN-3). Encoded
 * once, framed once for each transport.
 */
import type { Framing } from "./framing.ts";

/** The notices of a room as one transport sends them. */
interface Framed {
  readonly pieces: Uint8Array[];
  /** All pieces in one, as many as there were when it was made. */
  all: Uint8Array;
  count: number;
  /** Where in `all` each piece begins. */
  starts: number[];
}

/** The notices of one room that not everybody has been told yet. They are numbered, and a session counts how far it is. */
export class Notices {
  #texts: string[] = [];
  #end = 0;
  readonly #framed = new Map<Framing, Framed>();

  /** The number that the next notice gets: whoever is there has been told all. */
  get end(): number {
    return this.#end;
  }

  /** Adds one, given as JSON text. */
  add(text: string): void {
    this.#texts.push(text);
    this.#end += 1;
  }

  /** The frames of the notices from number `from` on, which is before `end`; those that were cleared are left out. */
  frames(framing: Framing, from: number): Uint8Array {
    const framed = this.#framed.get(framing) ?? { pieces: [], all: new Uint8Array(0), count: 0, starts: [] };
    this.#framed.set(framing, framed);
    const { pieces } = framed;
    while (pieces.length < this.#texts.length) pieces.push(framing.event(this.#texts[pieces.length] ?? ""));
    const index = Math.max(0, from - (this.#end - pieces.length));
    const last = pieces[index];
    if (last !== undefined && index === pieces.length - 1) return last;
    if (framed.count < pieces.length) joinPieces(framed);
    return index === 0 ? framed.all : framed.all.subarray(framed.starts[index]);
  }

  /** Everybody has been told. */
  clear(): void {
    this.#texts = [];
    this.#framed.clear();
  }
}

function joinPieces(framed: Framed): void {
  let at = 0;
  framed.starts = framed.pieces.map((piece) => {
    const start = at;
    at += piece.length;
    return start;
  });
  framed.all = Buffer.concat(framed.pieces, at);
  framed.count = framed.pieces.length;
}
