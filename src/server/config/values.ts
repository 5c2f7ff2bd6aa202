/**
 * Configuration, beside all stages: how one value is written, in a flag, the environment or the file alike, and what
 * is said when it is written wrong. Pure.
 */
import { isIP } from "node:net";
import { z } from "zod";
import { canonicalNetwork } from "./addresses.ts";
import type { Listen } from "./config.ts";

/** Powers of 1024, and the decimal units that people write when they mean about as much. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Text or number: YAML gives numbers where flags and environment give text. */
const scalar = (right: string) => z.union([z.string(), z.number()], { error: `must be ${right}` });

/** A count: a whole number, `least` or more, `most` at the most. */
export function count(least: number, most = Number.MAX_SAFE_INTEGER) {
  const right = `a whole number, ${least} ${most === Number.MAX_SAFE_INTEGER ? "or more" : `to ${most}`}`;
  return scalar(right).transform((value, context): number => {
    const parsed = typeof value === "number" ? value : /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (Number.isSafeInteger(parsed) && parsed >= least && parsed <= most) return parsed;
    return wrong(context, value, right);
  });
}

/** A size in bytes, `least` or more: a number, or one with a unit such as `512MiB`. */
export function size(least: number) {
  const right = `a size in bytes such as 1048576, 512MiB or 1GiB, ${least} or more`;
  return scalar(right).transform((value, context): number => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value).trim());
    const unit = UNITS[match?.[2]?.toLowerCase() ?? "none"];
    const bytes = unit === undefined ? Number.NaN : Math.round(Number(match?.[1]) * unit);
    if (Number.isSafeInteger(bytes) && bytes >= least) return bytes;
    return wrong(context, value, right);
  });
}

/** A number above 0, or `least` or more where that is named; or `off`. */
export function amountOrOff(whole: boolean, least = 0) {
  const right = `a ${whole ? "whole " : ""}number ${least === 0 ? "above 0" : `of ${least} or more`}, or off`;
  return z
    .union([z.string(), z.number(), z.literal(false)], { error: `must be ${right}` })
    .transform((value, context) => {
      if (value === false || value === "off") return undefined;
      const parsed = typeof value === "number" ? value : value.trim() === "" ? Number.NaN : Number(value);
      if (Number.isFinite(parsed) && parsed > 0 && parsed >= least && (!whole || Number.isSafeInteger(parsed)))
        return parsed;
      return wrong(context, value, right);
    });
}

/** A number above 0. */
export function amount() {
  const right = "a number above 0";
  return scalar(right).transform((value, context): number => {
    const parsed = typeof value === "number" ? value : value.trim() === "" ? Number.NaN : Number(value);
    return Number.isFinite(parsed) && parsed > 0 ? parsed : wrong(context, value, right);
  });
}

/** Yes or no. */
export function yesOrNo() {
  const right = "true or false";
  return z.union([z.boolean(), z.string()], { error: `must be ${right}` }).transform((value, context): boolean => {
    if (value === true || ["true", "yes", "1"].includes(String(value))) return true;
    if (value === false || ["false", "no", "0"].includes(String(value))) return false;
    return wrong(context, value, right);
  });
}

/** One of a few words. */
export function word<const Word extends string>(words: readonly [Word, ...Word[]]) {
  return z.enum(words, { error: (issue) => `must be one of ${words.join(", ")}, not ${show(issue.input)}` });
}

/** Anything, or `off`. */
export function orOff<Type extends z.ZodType>(type: Type) {
  return z.preprocess((value) => (value === "off" || value === false ? undefined : value), type.optional());
}

/** Text of one line that is not empty. */
export function text(right: string) {
  const isText = (value: string): boolean => value !== "" && !/[\p{Cc}]/u.test(value);
  return z.string({ error: `must be ${right}` }).refine(isText, {
    error: (issue) => `must be ${right}, not ${show(issue.input)}`,
  });
}

/** Text of a certain form. */
export function matching(right: string, form: RegExp) {
  return z.string({ error: `must be ${right}` }).regex(form, {
    error: (issue) => `must be ${right}, not ${show(issue.input)}`,
  });
}

/** A secret: whatever is wrong with it, no line shows it. */
export function secret() {
  const error = "must be text that is not empty, in quotes where it looks like a number";
  return z.string({ error }).min(1, { error });
}

/** Several values, with commas between them or as a list; `off` = none. `read` gives a value as it is kept. */
function list<Item>(right: string, read: (item: string) => Item | undefined) {
  const wrongList = `must be ${right}, with commas between them, or off`;
  return z
    .union([z.string(), z.array(z.string()), z.literal(false)], { error: wrongList })
    .transform((value, context): readonly Item[] => {
      if (value === false || value === "off") return [];
      const items = (typeof value === "string" ? value.split(",") : value).map((item) => item.trim());
      const known = items.map(read);
      const at = known.indexOf(undefined);
      if (at < 0) return known.filter((item) => item !== undefined);
      return wrong(context, items[at], `${right}, with commas between them, or off`);
    });
}

/** Addresses to connect to, or none. */
export const addressesOrOff = () => list("addresses such as 127.0.0.1:9092 or [::1]:9092", connectable);

/** Networks of addresses. */
export const networks = () => list("addresses or networks such as 10.0.0.0/8 or ::1", canonicalNetwork);

/** Origins of web pages. */
export const origins = () => list("origins such as https://chat.example.org", originOf);

/** The origin as browsers write it; `undefined` where there is more in it, or none. */
function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, href } = new URL(text);
  const isWeb = protocol === "http:" || protocol === "https:";
  return isWeb && href === `${origin}/` ? origin : undefined;
}

/** An address on the web from which keys are fetched: over TLS, or from this machine. */
export function keysUrl() {
  const right = "an https:// address (http:// on this machine alone)";
  return z.string({ error: `must be ${right}` }).transform((value, context): string => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const host = url?.hostname.replace(/^\[|\]$/g, "") ?? "";
    const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(host));
    if (url !== undefined && isSafe && url.username === "" && url.password === "") return url.href;
    return wrong(context, value, right);
  });
}

/** An address on the web. */
export function webAddress() {
  const right = "an http:// or https:// address";
  return z.string({ error: `must be ${right}` }).transform((value, context): string => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url?.protocol === "https:" || url?.protocol === "http:") return url.href;
    return wrong(context, value, right);
  });
}

/** A path to a file or folder. */
export function path() {
  const right = "a path";
  return z.string({ error: `must be ${right}` }).refine((value) => value !== "" && !value.includes("\0"), {
    error: (issue) => `must be ${right}, not ${show(issue.input)}`,
  });
}

/** An address to listen on: `HOST:PORT`, an IPv6 address in brackets. */
export function address() {
  return z.string({ error: `must be HOST:PORT, for example ${EXAMPLES}` }).transform(toListen);
}

/** An address to listen on, or `off`. */
export function addressOrOff() {
  return z
    .union([z.string(), z.literal(false)], { error: `must be HOST:PORT or off, for example ${EXAMPLES}` })
    .transform((value, context) => (value === false || value === "off" ? undefined : toListen(value, context)));
}

const EXAMPLES = "127.0.0.1:8080 or [::1]:8080";

function toListen(value: string, context: z.RefinementCtx): Listen {
  const right = `HOST:PORT, for example ${EXAMPLES}; 0.0.0.0 means every address`;
  return readListen(value) ?? wrong(context, value, right);
}

/** `HOST:PORT` taken apart, or `undefined` where it is something else. */
function readListen(value: string): Listen | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value.trim());
  const [, bracketed, plain, digits] = match ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const known =
    bracketed === undefined ? plain !== undefined && isHostOrIPv4(plain) : isIP(bracketed.split("%")[0] ?? "") === 6;
  return host !== undefined && known && port <= 65_535 ? { host, port } : undefined;
}

/** What one can connect to: no port 0. */
function connectable(item: string): Listen | undefined {
  const listen = readListen(item);
  return listen?.port === 0 ? undefined : listen;
}

function isHostOrIPv4(host: string): boolean {
  // What looks like an address must be one: `127.0.0.256` is a slip, not a host name.
  if (/^[\d.]+$/.test(host)) return isIP(host) === 4;
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(host) && host.length <= 253;
}

/** The text of an address, as it would be written in the configuration. */
export function showListen(listen: Listen): string {
  return listen.host.includes(":") ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
}

/** Whether a host is this machine alone. A name other than `localhost` might be anything and counts as not. */
export function isLoopback(host: string): boolean {
  const lower = host.toLowerCase();
  return (
    lower === "localhost" ||
    (isIP(lower) === 4 && lower.startsWith("127.")) ||
    lower === "::1" ||
    (lower.startsWith("::ffff:127.") && isIP(lower) === 6)
  );
}

function wrong(context: z.RefinementCtx, value: unknown, right: string): never {
  context.addIssue({ code: "custom", message: `must be ${right}, not ${show(value)}` });
  return z.NEVER;
}

/** A value as it may stand in one line of an error. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
