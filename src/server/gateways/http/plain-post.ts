/**
 * Stage 1, the HTTP door: requests that are as plain as most posts are: one `POST` under `/chats/`, whole in one read,
 * its body as long as `Content-Length` says, no header that changes how it is to be read. What is not, or could be read in
 * two ways, is left to Node: to say no here only costs time. Pure.
 */
import type { IncomingHttpHeaders } from "node:http";

/** A longer head is no plain one, in bytes; nor is one of more lines, the first not counted. */
const HEAD_BYTES_MAX = 8 * 1024;
const HEADERS_MAX = 32;

const START = "POST /chats/";
const VERSION = " HTTP/1.1";
const METHOD_LENGTH = "POST ".length;
const LINE_END = "\r\n";
const HEAD_END = Buffer.from("\r\n\r\n");

/** A path without anything that some take for its end. */
const URL_TEXT = /^[\x21-\x7e]+$/;
/** A header of printable ASCII: its name, its value. HTTP allows more, and whoever sends more is not in a hurry. */
const HEADER = /^([A-Za-z][A-Za-z0-9-]*):[ \t]*([\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)$/;
/** A length as everybody writes it; more digits are more than any body may have. */
const LENGTH = /^(?:0|[1-9]\d{0,6})$/;

/** Headers that say how to read a request, or what is to become of its connection; `Connection` is looked at by itself. */
const ABOUT_READING: ReadonlySet<string> = new Set([
  "transfer-encoding",
  "content-encoding",
  "expect",
  "upgrade",
  "te",
  "trailer",
  "keep-alive",
  "proxy-connection",
  "http2-settings",
]);

/** The first line and the headers of a plain post, as Node would give them. */
export interface PlainHead {
  readonly method: "POST";
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  /** All of it as it came, the empty line too: a client that says the same again need not be read again. */
  readonly bytes: Buffer;
  /** Of the body, in bytes. */
  readonly bodyLength: number;
}

/** A plain post, and the body that came with it: a part of the read, which is good until the next one. */
export interface PlainPost {
  readonly head: PlainHead;
  readonly body: Buffer;
}

/** The plain post that a read is; `undefined` where it is anything else. `before` = the head of the one before. */
export function readPlainPost(read: Buffer, before: PlainHead | undefined): PlainPost | undefined {
  const head = before !== undefined && beginsWith(read, before.bytes) ? before : readHead(read);
  if (head === undefined || read.length !== head.bytes.length + head.bodyLength) return undefined;
  return { head, body: read.subarray(head.bytes.length) };
}

const beginsWith = (read: Buffer, bytes: Buffer): boolean =>
  read.length >= bytes.length && bytes.compare(read, 0, bytes.length) === 0;

function readHead(read: Buffer): PlainHead | undefined {
  const end = read.indexOf(HEAD_END);
  if (end < 0 || end > HEAD_BYTES_MAX) return undefined;
  const [first = "", ...lines] = read.toString("latin1", 0, end).split(LINE_END);
  if (!first.startsWith(START) || !first.endsWith(VERSION) || lines.length > HEADERS_MAX) return undefined;
  const url = first.slice(METHOD_LENGTH, -VERSION.length);
  if (!URL_TEXT.test(url)) return undefined;
  const headers: Record<string, string> = {};
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const lower = name.toLowerCase();
    // What is given twice has rules of its own, header by header.
    if (Object.hasOwn(headers, lower) || ABOUT_READING.has(lower)) return undefined;
    if (lower === "connection" && value.toLowerCase() !== "keep-alive") return undefined;
    headers[lower] = value;
    rawHeaders.push(name, value);
  }
  const length = headers["content-length"];
  if (length === undefined || !LENGTH.test(length)) return undefined;
  const bytes = Buffer.from(read.subarray(0, end + HEAD_END.length));
  return { method: "POST", url, headers, rawHeaders, bytes, bodyLength: Number(length) };
}
