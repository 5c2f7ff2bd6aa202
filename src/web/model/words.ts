/**
 * The web client's model: errors, times and messages in words for a person. Pure, but for the language and time zone of
 * the browser.
 */
import type { ErrorName } from "../../protocol/error-codes.ts";

/** What is said where the server's own text is for programs. */
const WORDS: Partial<Record<ErrorName, string>> = {
  name_taken: "This name belongs to somebody else. Choose another.",
  sign_up_closed: "An account needs an invite here, and this one is not valid or was used before.",
  wrong_credentials: "The name or the password is not right.",
  too_fast: "That was too fast. Wait a moment and try again.",
  unknown_user: "There is no such person.",
  unknown_room: "There is no such chat, or you are not in it.",
  unknown_token: "This token is not there any more.",
  not_sent: "The server could not keep this, and nobody will see it. Try again.",
  overloaded: "The server has too much to do right now. Try again in a moment.",
  unavailable: "The server can’t do this right now. Try again in a moment.",
  going_away: "The server is restarting. Try again in a moment.",
  internal: "Something failed on the server’s side.",
  forbidden: "You may not do this here.",
  unauthorized: "Your sign-in has ended.",
  signed_out: "Your sign-in has ended.",
};

/** `the name is too long` → `The name is too long.` */
export function sentence(text: string): string {
  const first = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return first === "" || /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** A refusal in words: ours for its code, or the server's. */
export function refusalWords(code: string, text: string): string {
  // A sentence of its own needs no name of the field before it, which is for programs.
  const said = code === "bad_field" ? text.replace(/^[a-z_]+: (?=an? )/, "") : text;
  return WORDS[code as ErrorName] ?? sentence(withLocalTimes(said));
}

/** Why a message of one's own was not sent, in words. */
export function unsentWords(code: string, text: string): string {
  if (code !== "message_too_long" && code !== "line_too_long") return sentence(withLocalTimes(text));
  return `${sentence(`Too long for this server: ${text}`)} Edit it, or send it in parts.`;
}

/** An error in words. */
export function errorWords(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && "detail" in error) {
    return refusalWords(String(error.code), String(error.detail));
  }
  return "The server can’t be reached. Try again when you are online.";
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** A time as a list shows it: the hour today, the weekday within a week, else the date. */
export function shortTime(time: number, now: number): string {
  const at = new Date(time);
  const today = new Date(now);
  if (at.toDateString() === today.toDateString()) {
    return at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  }
  const days = (new Date(now).setHours(0, 0, 0, 0) - new Date(time).setHours(0, 0, 0, 0)) / DAY_MS;
  if (days > 0 && days < 6.5) return at.toLocaleDateString(undefined, { weekday: "short" });
  const isThisYear = at.getFullYear() === today.getFullYear();
  return at.toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    ...(isThisYear ? {} : { year: "numeric" }),
  });
}

/** A time as the server writes it into its texts. */
const SERVER_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** A text of the server's, with its times as its reader has them. */
export function withLocalTimes(text: string): string {
  return text.replace(SERVER_TIME, (time) => fullTime(Date.parse(time)));
}

/** A date with its time, in full. */
export function fullTime(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** As much of a message as stands in a list. */
const SNIPPET_LENGTH = 140;

/** What nobody sees, or what turns text around; but not what joins letters and emoji. */
const UNSEEN = /[\p{Bidi_Control}\u00ad\u180e\u200b\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** The beginning of a text, on one line, without what can't be seen. */
export function snippet(text: string): string {
  const line = text
    .slice(0, SNIPPET_LENGTH * 4)
    .replace(UNSEEN, "")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
  const points = Array.from(line);
  return points.length <= SNIPPET_LENGTH ? line : `${points.slice(0, SNIPPET_LENGTH).join("")}…`;
}

/** A count as a badge shows it. */
export const badge = (count: number): string => (count > 99 ? "99+" : String(count));

/** `1 member`, `2 members` */
export const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** The title of the page. Characters that turn text around stay out: nothing isolates them there. */
export function pageTitle(unread: number, title: string): string {
  const safe = title.replace(/[\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}]/gu, "").slice(0, 80);
  return `${unread > 0 ? `(${badge(unread)}) ` : ""}${safe === "" ? "" : `${safe} – `}Verbatim`;
}

/** The letters that stand for somebody where there is no picture: of the first two words, or the first of one. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => word !== "");
  return words
    .slice(0, 2)
    .map((word) => Array.from(word)[0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

/** A colour for a name: one of a few that both themes can show, always the same. */
export function hueOf(name: string, hues: number): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return sum % hues;
}
