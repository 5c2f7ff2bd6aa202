/**
 * The terminal client: the rows that something in a conversation takes at a width. Reducers count them to scroll, views
 * draw them; so both ask here. Pure, but for what it remembers of its own answers.
 */
import { clockTime, dayName, isSameDay } from "./local-time.ts";
import { type Row, type Span, type Style, span } from "./rows.ts";
import type { Item } from "./state.ts";
import { cut, widthOf } from "./text/width.ts";
import { wrap } from "./text/wrap.ts";

/** Columns of the time and the space after it, at the left of each item. */
export const TIME_COLUMNS = 6;

/** A name takes at most so much of its row. */
const NAME_COLUMNS_MAX = 16;

const NAME_STYLES: readonly Style[] = ["name0", "name1", "name2", "name3", "name4", "name5"];

/** The same style for the same name, always. */
export function nameStyle(name: string): Style {
  let hash = 0;
  for (let index = 0; index < name.length; index += 1) hash = (hash * 31 + name.charCodeAt(index)) % 65_521;
  return NAME_STYLES[hash % NAME_STYLES.length] ?? "strong";
}

interface Known {
  readonly columns: number;
  readonly isNewDay: boolean;
  readonly rows: readonly Row[];
}

/** Lays items out, and keeps what it made as long as the item is kept. */
export class ItemRows {
  readonly #known = new WeakMap<Item, Known>();

  /** The rows of an item, at least one; `before` is what stands above it. */
  of(item: Item, before: Item | undefined, columns: number): readonly Row[] {
    const isNewDay = before === undefined || !isSameDay(before.time, item.time);
    const known = this.#known.get(item);
    if (known !== undefined && known.columns === columns && known.isNewDay === isNewDay) return known.rows;
    const rows = [...(isNewDay ? [dayRow(item.time, columns)] : []), ...layOut(item, columns)];
    this.#known.set(item, { columns, isNewDay, rows });
    return rows;
  }
}

function dayRow(time: number, columns: number): Row {
  const name = ` ${dayName(time)} `;
  const beside = Math.max(0, columns - widthOf(name));
  const left = Math.floor(beside / 2);
  return [span("─".repeat(left) + name + "─".repeat(beside - left), "dim")];
}

const NOTICE_STYLES: Readonly<Record<"plain" | "good" | "bad", Style>> = { plain: "dim", good: "good", bad: "bad" };

function layOut(item: Item, columns: number): Row[] {
  const time = span(`${clockTime(item.time)} `, "dim");
  if (item.type === "notice") {
    return hang([time, span("· ", "dim")], item.text, NOTICE_STYLES[item.tone], columns);
  }
  const name = span(cut(item.user, NAME_COLUMNS_MAX), item.isOwn ? "own" : nameStyle(item.user));
  if (item.isRemoved) return hang([time, name, span(" ")], "(this message was removed)", "dim", columns);
  return hang([time, name, span(" ")], item.text, "plain", columns);
}

/** A text after what begins it; its further rows stand under the name. */
export function hang(begin: readonly Span[], text: string, style: Style, columns: number): Row[] {
  const width = begin.reduce((sum, piece) => sum + widthOf(piece.text), 0);
  const rows = wrap(text, columns - width, columns - TIME_COLUMNS);
  return rows.map((row, index) =>
    index === 0 ? [...begin, span(row, style)] : [span(" ".repeat(TIME_COLUMNS)), span(row, style)],
  );
}
