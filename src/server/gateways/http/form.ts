/**
 * Stage 1, the HTTP door: `application/x-www-form-urlencoded` as the WHATWG URL standard reads it, but what is not UTF-8
 * is refused rather than replaced: nobody's words may change on their way in. By hand, for each message passes here.
 * Pure.
 */
import { isUtf8 } from "node:buffer";
import { CommandError } from "../../commands/command-error.ts";
import type { Fields } from "./fields.ts";

/** Different names in one form; nothing that we read has as many. */
const NAMES_MAX = 64;

const PERCENT = 0x25;
const HEX = /^[0-9a-fA-F]{2}$/;

/** The fields of a form. A name that is given more than once has a list of its values, in their order. */
export function parseForm(text: string): Fields {
  const fields: Record<string, string | string[]> = Object.create(null);
  let names = 0;
  for (let at = 0; at < text.length; ) {
    const ampersand = text.indexOf("&", at);
    const end = ampersand < 0 ? text.length : ampersand;
    if (end > at) {
      const pair = text.slice(at, end);
      const equals = pair.indexOf("=");
      const name = decode(equals < 0 ? pair : pair.slice(0, equals));
      const value = equals < 0 ? "" : decode(pair.slice(equals + 1));
      const before = fields[name];
      if (before === undefined) {
        names += 1;
        if (names > NAMES_MAX) throw new CommandError("bad_field", `a form has ${NAMES_MAX} different fields at most`);
        fields[name] = value;
      } else if (typeof before === "string") {
        fields[name] = [before, value];
      } else {
        before.push(value);
      }
    }
    at = end + 1;
  }
  return fields;
}

function decode(piece: string): string {
  const spaced = piece.includes("+") ? piece.replaceAll("+", " ") : piece;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return decodeLoosely(spaced);
  }
}

/** With percent signs that stand for themselves, as somebody types them who forgot to encode. */
function decodeLoosely(piece: string): string {
  const raw = Buffer.from(piece);
  const bytes = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at++) {
    const digits = raw[at] === PERCENT ? raw.toString("latin1", at + 1, at + 3) : "";
    const isEncoded = HEX.test(digits);
    bytes[length++] = isEncoded ? Number.parseInt(digits, 16) : (raw[at] ?? 0);
    if (isEncoded) at += 2;
  }
  const decoded = bytes.subarray(0, length);
  if (!isUtf8(decoded)) throw new CommandError("bad_utf8", "the form is not UTF-8");
  return decoded.toString();
}
