/**
 * The terminal client: what others wrote, made harmless before it comes near a terminal. Pure.
 *
 * A terminal obeys what it is sent: a message could clear the screen, rename the window, answer as if the reader had
 * typed, or show itself backwards. So nothing passes that a terminal acts upon; in its place stands a visible sign, for
 * who reads should see that there was something.
 */

/** Stands for what is not shown. */
const REPLACEMENT = "\uFFFD";

/** What a tab becomes: where its stops are depends on the column, which is not known here. */
const TAB = "    ";

/** Control characters but line feed; C1; halves of surrogate pairs; what changes the direction of text; other line ends. */
const NEEDS_WORK =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what this file is about.
  /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u206F\uFEFF\uFFF9-\uFFFB]|\p{Surrogate}|\p{Mn}{5,}|\p{Me}/u;

const EACH =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what this file is about.
  /\r\n|[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u206F\uFEFF\uFFF9-\uFFFB]|\p{Surrogate}/gu;

/** Marks over marks, which climb over the lines above. Four are more than any script piles up. */
const PILES = /(\p{Mn}{4})\p{Mn}+/gu;

/** Marks that enclose, drawn as each terminal likes. */
const ENCLOSING = /\p{Me}/gu;

/** The text of a message, its line breaks kept as `\n`, with nothing in it that a terminal acts upon. */
export function sanitize(text: string): string {
  if (!NEEDS_WORK.test(text)) return text;
  return text.replace(EACH, visible).replace(PILES, "$1").replace(ENCLOSING, "");
}

/** The same on one line: names, descriptions, what went wrong. */
export function sanitizeLine(text: string): string {
  return sanitize(text).replaceAll("\n", "⏎");
}

/** What stands for one of them. */
function visible(found: string): string {
  const code = found.charCodeAt(0);
  if (found === "\t") return TAB;
  if (found === "\r\n" || code === 0x2028 || code === 0x2029) return "\n";
  // The pictures of control characters: ␛ for escape.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  // A mark at the beginning of a text that says nothing.
  if (code === 0xfeff) return "";
  return REPLACEMENT;
}
