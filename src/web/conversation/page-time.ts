/**
 * The web client, conversation: time and frames, handed in so that tests can drive them.
 */

/** What the store asks of the page that it runs in. */
export interface PageTime {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls back before the next frame is painted; where nobody looks, now and then. Returns "never mind". */
  frame(callback: () => void): () => void;
  /** Calls back once, `afterMs` later. Returns "never mind". */
  later(afterMs: number, callback: () => void): () => void;
}
