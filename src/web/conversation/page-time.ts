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

/** How often a page that is not seen is brought up to date, in milliseconds. */
const UNSEEN_EVERY_MS = 500;

/** The browser's own. */
export function browserTime(): PageTime {
  const later = (afterMs: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, afterMs);
    return () => clearTimeout(timer);
  };
  return {
    now: () => performance.now(),
    later,
    frame: (callback) => {
      // A hidden page gets no frames, and would keep everything that comes.
      if (document.hidden) return later(UNSEEN_EVERY_MS, callback);
      let isOver = false;
      const once = (): void => {
        if (isOver) return;
        isOver = true;
        callback();
      };
      const frame = requestAnimationFrame(once);
      const unseen = later(UNSEEN_EVERY_MS, once);
      return () => {
        isOver = true;
        cancelAnimationFrame(frame);
        unseen();
      };
    },
  };
}
