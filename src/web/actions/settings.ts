/**
 * The web client's actions: what this browser remembers of its user's wishes. Storage may be forbidden: then nothing is
 * remembered, and nothing breaks.
 */
import type { Shelf } from "./keeper.ts";

const PREFIX = "verbatim.";

/** Where this browser keeps things; a shelf that is always empty where it may not. */
export function browserShelf(): Shelf {
  try {
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => undefined, removeItem: () => undefined, key: () => null, length: 0 };
  }
}

/** What was written, or `undefined`. */
export function readSetting(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Writes it down. */
export function writeSetting(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // It holds until the page is left.
  }
}

/** Calls back when another tab writes it. */
export function onSetting(name: string, listener: (value: string | undefined) => void): void {
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key === PREFIX + name) listener(newValue ?? undefined);
  });
}

/** A list of names that is kept as a setting. */
export function readNames(name: string): readonly string[] {
  try {
    const names: unknown = JSON.parse(readSetting(name) ?? "[]");
    return Array.isArray(names) ? names.filter((each) => typeof each === "string") : [];
  } catch {
    return [];
  }
}
