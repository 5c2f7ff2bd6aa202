/**
 * The terminal client: which rows of a conversation are seen, and what scrolling makes of that. Pure.
 *
 * Scrolled up, the screen hangs on an item (`Anchor`), not on a number of rows: so what comes below, and what is loaded
 * above, moves nothing.
 */
import type { ItemRows } from "./item-rows.ts";
import type { Row } from "./rows.ts";
import type { Anchor, Item, RoomView } from "./state.ts";

/** The window through which a conversation is seen. */
export interface Window {
  readonly columns: number;
  readonly rows: number;
  readonly itemRows: ItemRows;
}

/** A place in a conversation: the lowest row that is seen. */
interface Place {
  index: number;
  rowsBelow: number;
}

const countOf = (items: readonly Item[], index: number, window: Window): number => {
  const item = items[index];
  return item === undefined ? 0 : window.itemRows.of(item, items[index - 1], window.columns).length;
};

/** Where an anchor is; the end where its item is not kept any more, or is narrower than it was. */
function placeOf(view: RoomView, window: Window): Place {
  const { anchor, items } = view;
  const last: Place = { index: items.length - 1, rowsBelow: 0 };
  if (anchor === undefined) return last;
  const index = items.findLastIndex(({ key }) => key === anchor.key);
  if (index === -1) return last;
  return { index, rowsBelow: Math.min(anchor.rowsBelow, countOf(items, index, window) - 1) };
}

function anchorAt(view: RoomView, place: Place): Anchor | undefined {
  const item = view.items[place.index];
  if (item === undefined) return undefined;
  const isEnd = place.index === view.items.length - 1 && place.rowsBelow === 0;
  return isEnd && view.tail === undefined ? undefined : { key: item.key, rowsBelow: place.rowsBelow };
}

/** The anchor after scrolling by so many rows; up is negative. */
export function scrollBy(view: RoomView, rows: number, window: Window): Anchor | undefined {
  const { items } = view;
  if (items.length === 0) return undefined;
  const place = placeOf(view, window);
  if (rows < 0) {
    goUp(items, place, -rows, window);
    // Not so far that there is nothing to see at the top.
    goDown(items, place, window.rows - rowsUpTo(items, place, window), window);
  } else {
    goDown(items, place, rows, window);
  }
  return anchorAt(view, place);
}

/** The anchor at the very top of what is kept. */
export function topAnchor(view: RoomView, window: Window): Anchor | undefined {
  if (view.items.length === 0) return undefined;
  const place: Place = { index: 0, rowsBelow: countOf(view.items, 0, window) - 1 };
  goDown(view.items, place, window.rows - 1, window);
  return anchorAt(view, place);
}

function goUp(items: readonly Item[], place: Place, rows: number, window: Window): void {
  place.rowsBelow += rows;
  for (;;) {
    const count = countOf(items, place.index, window);
    if (place.rowsBelow < count) return;
    if (place.index === 0) {
      place.rowsBelow = count - 1;
      return;
    }
    place.rowsBelow -= count;
    place.index -= 1;
  }
}

function goDown(items: readonly Item[], place: Place, rows: number, window: Window): void {
  let left = rows;
  while (left > 0) {
    const step = Math.min(left, place.rowsBelow);
    place.rowsBelow -= step;
    left -= step;
    if (left === 0 || place.index === items.length - 1) return;
    place.index += 1;
    place.rowsBelow = countOf(items, place.index, window) - 1;
    left -= 1;
  }
}

/** Rows from the beginning of what is kept to a place, that row included; counted only up to the window's. */
function rowsUpTo(items: readonly Item[], { index, rowsBelow }: Place, window: Window): number {
  let rows = countOf(items, index, window) - rowsBelow;
  for (let above = index - 1; above >= 0 && rows < window.rows; above -= 1) rows += countOf(items, above, window);
  return rows;
}

/** What is seen. */
export interface Seen {
  /** At most as many as the window has. */
  readonly rows: readonly Row[];
  /** Whether the beginning of what is kept is among them, or nearly. */
  readonly isNearTop: boolean;
  /** Whether the end of what is kept is among them, or nearly. */
  readonly isNearEnd: boolean;
}

/** How many items from the end of what is kept is nearly there. */
const NEAR_ITEMS = 30;

/** The rows that are seen. Only these are laid out. */
export function seen(view: RoomView, window: Window): Seen {
  const { items } = view;
  if (items.length === 0) return { rows: [], isNearTop: true, isNearEnd: true };
  const place = placeOf(view, window);
  const parts: (readonly Row[])[] = [];
  let rows = 0;
  let index = place.index;
  for (; index >= 0 && rows < window.rows; index -= 1) {
    const item = items[index];
    if (item === undefined) break;
    const all = window.itemRows.of(item, items[index - 1], window.columns);
    const part = index === place.index ? all.slice(0, all.length - place.rowsBelow) : all;
    parts.push(part);
    rows += part.length;
  }
  const shown = parts.reverse().flat();
  return {
    rows: shown.slice(Math.max(0, shown.length - window.rows)),
    isNearTop: index < NEAR_ITEMS,
    isNearEnd: place.index >= items.length - NEAR_ITEMS,
  };
}
