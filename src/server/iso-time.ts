/**
 * Times as the wire writes them: ISO 8601, UTC, with milliseconds. Many messages share a millisecond, so the last text is
 * kept.
 */

/** Writes times. */
export class IsoTimes {
  #time = Number.NaN;
  #text = "";

  /** The text of a time in milliseconds since the epoch. */
  of(time: number): string {
    if (time !== this.#time) {
      this.#text = new Date(time).toISOString();
      this.#time = time;
    }
    return this.#text;
  }
}
