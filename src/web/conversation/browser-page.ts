/**
 * The web client, conversation: what the state asks of the page that it runs in, as a browser has it. The one file of
 * the conversation's state that touches the DOM.
 */
import type { DraftStorage } from "./drafts.ts";
import type { PageTime } from "./page-time.ts";

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

/** The browser's own storage, or `undefined` where a person or a setting forbids it: then even looking throws. */
export function browserStorage(): DraftStorage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
