/** Who a session is: which names an account may have. Pure. */

/** Code points in a user name. */
const NAME_CODE_POINTS_MAX = 64;

/** Characters that steer the terminal or the page of whoever reads a name: control characters and line separators. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Characters that turn the direction of the text around a name: with them one name can be made to look like another. */
const BIDIRECTIONAL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** No character at all: it can't be written as UTF-8 and would come back as something else. */
const LONE_SURROGATE = /\p{Cs}/u;

/** Something that can be seen: a letter, digit, sign or symbol. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** A name as it is kept, or why it is none: the end of a sentence such as "username must …". */
export type CheckedName = { readonly name: string } | { readonly problem: string };

/**
 * Checks a name that somebody wants to have, and gives it back in NFC: 1–64 code points, none of them a control or
 * bidirectional character, one at least that can be seen, no white space around it.
 */
export function checkUserName(text: string): CheckedName {
  if (text === "") return { problem: "must not be empty" };
  if (LONE_SURROGATE.test(text)) return { problem: "must not have half a surrogate pair in it" };
  const name = text.normalize("NFC");
  // Counted only where it can be near: a name may come as a body of many kilobytes.
  if (name.length > 2 * NAME_CODE_POINTS_MAX || [...name].length > NAME_CODE_POINTS_MAX) {
    return { problem: `must have ${NAME_CODE_POINTS_MAX} characters at the most` };
  }
  if (CONTROL.test(name)) return { problem: "must not have control characters in it" };
  if (BIDIRECTIONAL.test(name)) return { problem: "must not have characters in it that turn the writing direction" };
  if (name !== name.trim()) return { problem: "must not begin or end with white space" };
  if (!VISIBLE.test(name)) return { problem: "must have a character in it that can be seen" };
  return { name };
}
