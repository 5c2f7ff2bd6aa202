/** Load tool, bytes in: what is found in what a server sends, and what has to be known to find it. Types only. */

/** What the scanner finds, in the order of the wire. */
export interface EventSink {
  /** One of our own messages; `seq` is 0 where the server gives none. */
  ownMessage(stream: number, number: number, micros: number, seq: number): void;
  /** A message that is not ours, in a room. */
  otherMessage(room: string, seq: number): void;
  /** One of our keys was acknowledged. */
  acknowledged(stream: number, number: number): void;
  /** Another event, parsed. */
  event(type: string, event: Readonly<Record<string, unknown>>): void;
  /** A line that is no event at all. */
  malformed(line: string): void;
}

/** What the scanner has to know of a run. */
export interface ScanPlan {
  readonly run: string;
  /** Bytes of each text of ours. */
  readonly textBytes: number;
  /** Names of the rooms. */
  readonly rooms: readonly string[];
  /** The room of each stream, as an index into `rooms`. */
  readonly streamRooms: Int32Array;
  /** Whether an own text counts wherever it stands: for a server whose events are not of this wire. */
  readonly anyLayout: boolean;
}
