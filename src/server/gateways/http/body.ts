/**
 * Stage 1, the HTTP door: bodies: a form or one JSON object, in UTF-8, of a length that is bounded. What the content type
 * says decides how it is read, what it holds is checked by whoever reads it.
 */
import { isAscii, isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { CommandError } from "../../commands/command-error.ts";
import { type Fields, NO_FIELDS } from "./fields.ts";
import { parseForm } from "./form.ts";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

/** How a body is written; `undefined` where that is nothing we read. */
export type BodyType = "form" | "json" | undefined;

/** What a content type says. Parameters are passed over, but another charset than UTF-8 is another thing. */
export function bodyType(contentType: string | undefined): BodyType {
  if (contentType === undefined) return undefined;
  if (contentType === FORM) return "form";
  if (contentType === JSON_TYPE) return "json";
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1];
    if (charset !== undefined && charset !== "utf-8" && charset !== "utf8" && charset !== "us-ascii") return undefined;
  }
  const bare = type.trim();
  if (bare === FORM) return "form";
  return bare === JSON_TYPE ? "json" : undefined;
}

/** Reads a whole body. Throws `CommandError` where it is no such thing. */
export function parseBody(type: BodyType, bytes: Buffer): Fields {
  if (bytes.length === 0) return NO_FIELDS;
  if (type === undefined) {
    throw new CommandError("unsupported_media_type", `a body is ${FORM} or ${JSON_TYPE}, in UTF-8: set Content-Type`);
  }
  const text = textOf(bytes);
  return type === "form" ? parseForm(text) : parseObject(text);
}

function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString("latin1");
  if (!isUtf8(bytes)) throw new CommandError("bad_utf8", "the body is not UTF-8");
  return bytes.toString();
}

function parseObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError("bad_json", "the body is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CommandError("bad_json", "the body is not a JSON object");
  }
  return value as Fields;
}

const TOO_LARGE = "body_too_large";

/**
 * Collects a body of at most `bytesMax`, and hands it on, or why there is none. Neither is called where the client goes
 * away meanwhile. After a body that is too long the connection can't be used again, for the rest of it would follow.
 */
export function collectBody(
  request: IncomingMessage,
  bytesMax: number,
  done: (bytes: Buffer) => void,
  failed: (error: CommandError) => void,
): void {
  const tooLarge = (): void => failed(new CommandError(TOO_LARGE, `a body has ${bytesMax} bytes at most`));
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) {
    tooLarge();
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let length = 0;
  const take = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > bytesMax) {
      request.removeListener("data", take);
      request.removeListener("end", end);
      tooLarge();
    } else if (first === undefined) {
      first = chunk;
    } else {
      more ??= [first];
      more.push(chunk);
    }
  };
  const end = (): void => done(more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, length));
  request.on("data", take);
  request.on("end", end);
}
