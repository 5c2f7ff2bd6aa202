/**
 * Stage 1, the HTTP door: which page of messages is asked for, and where the next one is. Pure.
 */
import type { Limits } from "../../../protocol/limits.ts";
import { CommandError } from "../../commands/command-error.ts";
import type { MessagePage, PageAsked } from "../../commands/read-messages.ts";
import type { Fields } from "./fields.ts";

const DIGITS = /^\d{1,16}$/;
/** A number that is only ever cut to the most there may be: `1e9` is one too. */
const AMOUNT = /^\d+(?:[eE]\+?\d+)?$/;

/**
 * Reads `before`, `after` and `limit`. Without any of them it is the newest page, as long as one may be. Throws
 * `bad_field` where one is no number.
 */
export function readPage(query: Fields, limits: Pick<Limits, "historyPageMax" | "historyPageDefault">): PageAsked {
  const before = cursor(query, "before", 1);
  const after = cursor(query, "after", 0);
  if (before !== undefined && after !== undefined) throw wrong("before and after exclude each other");
  const asked = query["limit"];
  if (asked === undefined) {
    const isBare = before === undefined && after === undefined;
    return { before, after, limit: isBare ? limits.historyPageMax : limits.historyPageDefault };
  }
  const limit = typeof asked === "string" && AMOUNT.test(asked) ? Number(asked) : 0;
  if (limit < 1) throw wrong("limit is a number from 1 on");
  return { before, after, limit: Math.min(limit, limits.historyPageMax) };
}

/** A cursor of the query or a header: a seq. Throws `bad_field` where it is none. */
export function cursor(fields: Fields, name: string, min: number): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  const seq = typeof value === "string" && DIGITS.test(value) ? Number(value) : -1;
  if (!Number.isSafeInteger(seq) || seq < min) {
    throw wrong(`${name} is a whole number from ${min} to ${Number.MAX_SAFE_INTEGER}`);
  }
  return seq;
}

/** The `Link` to the next page in the direction that was asked; `undefined` where there is none. */
export function nextLink(path: string, { after, limit }: PageAsked, page: MessagePage): string | undefined {
  const next = after === undefined ? page.olderBefore : page.newerAfter;
  if (next === undefined) return undefined;
  return `<${path}?${after === undefined ? "before" : "after"}=${next}&limit=${limit}>; rel="next"`;
}

const wrong = (text: string): CommandError => new CommandError("bad_field", text);
