/**
 * Stage 1, the pages: how what people wrote is shown. It is shown as it is, but what can't be seen, or would reach
 * beyond its place, is made visible or left out. Nothing here makes HTML safe: `html` does. Pure.
 */

/** The first of the signs that Unicode has for control characters, in their order. */
const CONTROL_PICTURES = 0x2400;
const DELETE = 0x7f;
const DELETE_PICTURE = "\u2421";

/** As many code points of a message stand in a list. */
const SNIPPET_CODE_POINTS = 120;
const TITLE_CODE_POINTS = 60;

/** A message's text: line ends as one character, control characters as signs, so that an ANSI escape shows as `␛[31m`. */
export function shownText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\p{Cc}]/gu, (character) => (character === "\n" || character === "\t" ? character : picture(character)));
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
  // What lies above is the second set of control characters, for which there are no signs.
  return code === DELETE ? DELETE_PICTURE : "\uFFFD";
}

/** The beginning of a message, on one line. */
export function snippet(text: string): string {
  return cut(shownText(text.slice(0, SNIPPET_CODE_POINTS * 4)).replace(/\s+/gu, " "), SNIPPET_CODE_POINTS);
}

/**
 * A name for the title of a page, which the browser shows outside of the page where nothing isolates it: characters that
 * turn the direction of text around, and marks that pile up, stay out.
 */
export function titleText(text: string): string {
  const line = text
    .slice(0, TITLE_CODE_POINTS * 4)
    .replace(/[\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}]/gu, "")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1");
  return cut(line, TITLE_CODE_POINTS);
}

function cut(text: string, codePoints: number): string {
  const all = Array.from(text);
  return all.length <= codePoints ? text : `${all.slice(0, codePoints).join("")}…`;
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = "January February March April May June July August September October November December".split(" ");

/** The furthest from the epoch that a date can be, in milliseconds. A record of somebody else's may say anything. */
const DATE_MS_MAX = 8_640_000_000_000_000;

/** A time in UTC: there is no script, so the page can't know its reader's own zone. */
export interface ShownTime {
  /** `2026-01-02T03:04:05.678Z` */
  readonly iso: string;
  /** `Friday 2 January 2026` */
  readonly day: string;
  /** `2026-01-02` */
  readonly date: string;
  /** `03:04` */
  readonly minute: string;
}

/** A time, in milliseconds since the epoch, as its parts. */
export function shownTime(time: number): ShownTime {
  const at = new Date(Number.isNaN(time) ? 0 : Math.max(-DATE_MS_MAX, Math.min(DATE_MS_MAX, time)));
  const iso = at.toISOString();
  const [date = "", clock = ""] = iso.split("T");
  // In our own words, for those of the machine's library differ from one version to the next.
  const day = `${WEEKDAYS[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  return { iso, day, date, minute: clock.slice(0, 5) };
}
