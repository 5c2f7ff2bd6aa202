/**
 * The web client's actions: a name for this tab that survives a reload, and a way to know which tabs are alive.
 */

const SLOT = "verbatim.tab";

/** This tab's name: made once, kept as long as the tab. */
export function tabName(): string {
  try {
    const known = sessionStorage.getItem(SLOT);
    if (known !== null) return known;
    const fresh = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join("");
    sessionStorage.setItem(SLOT, fresh);
    return fresh;
  } catch {
    // Without storage there is nothing to find again.
    return "only";
  }
}

/**
 * Takes a name for as long as this tab lives; `false` where another tab holds it. A browser shows locks to pages of
 * secure origins only: elsewhere no name can be taken, and what dead tabs left stays where it is.
 */
export function takeTabName(name: string): Promise<boolean> {
  if (!("locks" in navigator)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      // Held until the tab goes.
      return lock === null ? undefined : new Promise<void>(() => undefined);
    });
    held.catch(() => resolve(false));
  });
}
